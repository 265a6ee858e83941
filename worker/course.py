"""What a training learns from, batch by batch: images, changed and mixed, or what frozen layers make of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch

from podium.trainer import Training
from worker.augmentation import Augmentation
from worker.features import Features
from worker.images import Images, normalized
from worker.parts import WHOLE, Share
from worker.split import Split, shuffled_batches
from worker.stages import STAGES

EVALUATION_PIXELS = 2**18
"""Pixels of images that are evaluated at once; 256 images at 32 pixels, 5 at 224. More is no faster on a CPU."""
EVALUATION_VECTORS = 1024
"""Images that are evaluated at once where the last layer alone is left to pass."""

Batch = tuple[torch.Tensor, torch.Tensor]
"""Inputs (batch, ...) and targets: labels (batch,), or of mixed images the share of each label (batch, classes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    images: Images
    split: Split
    augmentation: Augmentation
    features: Features | None = None
    """In place of the images, behind the layers that are frozen."""
    batch_size: int
    image_size: int
    seed: int
    trial: int
    share: Share = WHOLE
    """What this process takes of each batch that is trained on."""

    @classmethod
    def of(cls, training: Training, images: Images, split: Split, *, seed: int, trial: int) -> Self:
        """Return the course of a trial, on images."""
        return cls(
            images=images,
            split=split,
            augmentation=Augmentation(training, classes=len(images.classes), seed=seed, trial=trial),
            batch_size=training.batch_size,
            image_size=training.image_size,
            seed=seed,
            trial=trial,
        )

    @property
    def stages(self) -> Sequence[str]:
        """The stages that a batch has before it."""
        return STAGES if self.features is None else self.features.stages

    def batches(self, epoch: int) -> list[torch.Tensor]:
        return shuffled_batches(self.split.train, self.batch_size, seed=self.seed, trial=self.trial, epoch=epoch)

    def validation_batches(self) -> Sequence[torch.Tensor]:
        is_short = self.features is not None and self.features.are_vectors
        at_once = EVALUATION_VECTORS if is_short else max(1, EVALUATION_PIXELS // self.image_size**2)
        return torch.split(self.split.validation, at_once)

    def to_train_on(self, positions: torch.Tensor, device: torch.device, *, epoch: int, batch: int) -> Batch:
        """Return this process's share of a batch."""
        own = self.share.of(len(positions))
        prepared = self.prepared(positions)
        labels = self.images.labels[prepared].to(device)
        if self.features is not None:
            return self.features.to_train_on(prepared, epoch).to(device), labels
        changed = self.augmentation.of_images(self.images.pixels(prepared), prepared, epoch)
        inputs, targets = self.augmentation.of_batch(normalized(changed.to(device)), labels, epoch=epoch, batch=batch)
        return (inputs[own], targets[own]) if self.augmentation.mixes_images else (inputs, targets)

    def prepared(self, positions: torch.Tensor) -> torch.Tensor:
        """Return what this process prepares of a batch: its share, or all, if its images are mixed with any other."""
        return positions if self.augmentation.mixes_images else positions[self.share.of(len(positions))]

    def to_judge_by(self, positions: torch.Tensor, device: torch.device) -> Batch:
        labels = self.images.labels[positions].to(device)
        if self.features is not None:
            return self.features.to_judge_by(positions).to(device), labels
        return normalized(self.images.pixels(positions).to(device)), labels
