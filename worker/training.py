"""The training loop: one epoch of SGD, one look at the validation images, one step of the schedule, again.

It knows nothing of reporting, checkpoints or signals; whoever drives `fit` does all three between two epochs.
"""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from worker.images import Images
from worker.learner import Learner
from worker.model import set_training_mode
from worker.split import Split, shuffled_batches

EVALUATION_PIXELS = 2**18
"""Pixels of images that are evaluated at once; 256 images at 32 pixels, 5 at 224. More is no faster on a CPU."""


class Diverged(Exception):
    """The loss is not a finite number any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    loss: float
    """Mean cross-entropy, in nats."""
    accuracy: float
    """Share of images whose label is the likeliest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochResult:
    epoch: int
    train: Score
    """Measured while the weights still changed."""
    validation: Score
    samples_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Which images are learned from, in which batches."""

    images: Images
    split: Split
    batch_size: int
    image_size: int
    seed: int
    trial: int

    def batches(self, epoch: int) -> list[torch.Tensor]:
        return shuffled_batches(self.split.train, self.batch_size, seed=self.seed, trial=self.trial, epoch=epoch)

    def validation_batches(self) -> Sequence[torch.Tensor]:
        return torch.split(self.split.validation, max(1, EVALUATION_PIXELS // self.image_size**2))


def fit(learner: Learner, course: Course, epochs: Iterable[int]) -> Iterator[EpochResult]:
    """Train epoch by epoch; the learner stands after an epoch when its result is yielded. Raises Diverged."""
    for epoch in epochs:
        began = time.perf_counter()
        train = train_one_epoch(learner, course.images, course.batches(epoch), epoch)
        seconds = time.perf_counter() - began
        validation = evaluate(learner, course.images, course.validation_batches())
        if not math.isfinite(validation.loss):
            raise Diverged(f"the validation loss is {validation.loss} after epoch {epoch}")
        learner.scheduler.step(validation.loss)
        samples_per_second = len(course.split.train) / seconds
        yield EpochResult(epoch=epoch, train=train, validation=validation, samples_per_second=samples_per_second)


def train_one_epoch(learner: Learner, images: Images, batches: Sequence[torch.Tensor], epoch: int) -> Score:
    """Take one step of SGD for each batch. Raises Diverged at the first loss that is not finite."""
    set_training_mode(learner.model)
    loss_sum, correct, count = 0.0, 0, 0
    for step, positions in enumerate(batches, start=1):
        pixels, labels = _batch(learner, images, positions)
        logits = learner.model(pixels)  # (batch, classes)
        loss = functional.cross_entropy(logits, labels)
        batch_loss = loss.item()
        if not math.isfinite(batch_loss):
            raise Diverged(f"the training loss is {batch_loss} at step {step} of epoch {epoch}")
        learner.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        learner.optimizer.step()
        loss_sum += batch_loss * len(labels)
        correct += _correct(logits, labels)
        count += len(labels)
    return Score(loss=loss_sum / count, accuracy=correct / count)


@torch.inference_mode()
def evaluate(learner: Learner, images: Images, batches: Sequence[torch.Tensor]) -> Score:
    """Return the mean loss and the accuracy over all batches."""
    learner.model.eval()
    loss_sum, correct, count = 0.0, 0, 0
    for positions in batches:
        pixels, labels = _batch(learner, images, positions)
        logits = learner.model(pixels)  # (batch, classes)
        loss_sum += functional.cross_entropy(logits, labels, reduction="sum").item()
        correct += _correct(logits, labels)
        count += len(labels)
    return Score(loss=loss_sum / count, accuracy=correct / count)


def _batch(learner: Learner, images: Images, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    pixels, labels = images.pixels(positions), images.labels[positions]
    return pixels.to(learner.device), labels.to(learner.device)


def _correct(logits: torch.Tensor, labels: torch.Tensor) -> int:
    return int((logits.argmax(dim=1) == labels).sum().item())
