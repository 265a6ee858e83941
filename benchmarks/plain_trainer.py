"""torchvision's training reference (references/classification/train.py), written plainly: what the worker is beside.

The model, the loss, the loader and the steps are the reference's; the images are resized and cut as the worker does,
and not augmented, so that both train on the same pixels.
"""

import time

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import models
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from podium.trainer import Training
from worker.split import Split

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NEVER = 10**9
"""Epochs."""


class PlainTrainer:
    def __init__(self, training: Training, split: Split, *, weights: dict[str, torch.Tensor], workers: int) -> None:
        assert training.data is not None
        size = training.image_size
        read = v2.Compose([
            v2.Resize(size), v2.CenterCrop(size), v2.PILToTensor(), v2.ToDtype(torch.float, scale=True),
            v2.Normalize(MEAN, STD),
        ])  # fmt: skip
        images = ImageFolder(training.data, transform=read)
        self.training = _loader(images, split.train, training.batch_size, workers, shuffle=True)
        self.validation = _loader(images, split.validation, training.batch_size, workers, shuffle=False)
        self.model = models.get_model(training.model, num_classes=len(images.classes))
        self.model.load_state_dict(weights)
        if training.trainable == "head":
            self.model.requires_grad_(False)
            self.model.fc.requires_grad_(True)
        self._is_extractor = training.trainable == "head"
        self._loss = nn.CrossEntropyLoss(label_smoothing=training.label_smoothing)
        self._optimizer = torch.optim.SGD(
            [weight for weight in self.model.parameters() if weight.requires_grad],
            lr=training.learning_rate,
            momentum=training.momentum,
            weight_decay=training.weight_decay,
            nesterov=training.nesterov,
        )
        steps = training.lr_step_epochs if training.lr_schedule == "step" else NEVER
        self._schedule = torch.optim.lr_scheduler.StepLR(self._optimizer, steps, gamma=training.lr_decay)

    def train_one_epoch(self) -> float:
        """Train on all images once; return the seconds that it took."""
        began = time.perf_counter()
        self.model.train()
        if self._is_extractor:
            self.model.eval()  # frozen BatchNorm keeps its statistics, as in the worker
        for images, labels in self.training:
            loss = self._loss(self.model(images), labels)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
        self._schedule.step()
        return time.perf_counter() - began

    @torch.inference_mode()
    def evaluate(self) -> float:
        """Return the accuracy on the validation images."""
        self.model.eval()
        correct = [(self.model(images).argmax(dim=1) == labels).float() for images, labels in self.validation]
        return float(torch.cat(correct).mean())


def _loader(
    images: ImageFolder, positions: torch.Tensor, batch_size: int, workers: int, *, shuffle: bool
) -> "DataLoader[tuple[torch.Tensor, torch.Tensor]]":
    return DataLoader(
        Subset(images, positions.tolist()),
        batch_size=batch_size,
        shuffle=shuffle,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )
