"""What a training learns from, batch by batch: images, changed and mixed, or what frozen layers make of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, dropwhile, islice
from typing import Self

import torch

from podium.trainer import Training
from worker.augmentation import Augmentation
from worker.features import Features
from worker.images import Images, normalized
from worker.loading import Loaders
from worker.parts import WHOLE, Share
from worker.preparation import Preparation, Want
from worker.split import Split, shuffled_batches
from worker.stages import STAGES
from worker.transfer import moved

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
    loaders: Loaders | None = None
    """Prepare the images ahead; without them each batch is prepared when it is asked for."""
    turns: Sequence["Course"] = ()
    """That take turns with this one for an epoch each, this one among them; loaders go on to the next one's images."""
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
        labels = moved(self.images.labels[prepared], device)
        if self.features is not None:
            return moved(self.features.to_train_on(prepared, epoch), device), labels
        pixels = normalized(moved(self._pixels(self._to_train_on(positions, epoch)), device))
        inputs, targets = self.augmentation.of_batch(pixels, labels, epoch=epoch, batch=batch)
        return (inputs[own], targets[own]) if self.augmentation.mixes_images else (inputs, targets)

    def prepared(self, positions: torch.Tensor) -> torch.Tensor:
        """Return what this process prepares of a batch: its share, or all, if its images are mixed with any other."""
        return positions if self.augmentation.mixes_images else positions[self.share.of(len(positions))]

    def to_judge_by(self, positions: torch.Tensor, device: torch.device) -> Batch:
        labels = moved(self.images.labels[positions], device)
        if self.features is not None:
            return moved(self.features.to_judge_by(positions), device), labels
        return normalized(moved(self._pixels(_to_judge_by(positions)), device)), labels

    def _pixels(self, want: Want) -> torch.Tensor:
        if self.loaders is None:
            return Preparation(images=self.images, augmentation=self.augmentation).of(want)
        return self.loaders.pixels(want, self.from_here)

    def from_here(self, want: Want) -> Iterator[Want]:
        """Yield a batch and all that come after it, turn by turn; none if it is not one of the course's.

        After images that are judged by, only more of them are foreseen: they do not tell the epoch.
        """
        if want.epoch is None:
            yield from dropwhile(want.__ne__, self._to_judge())
            return
        left = list(dropwhile(want.__ne__, self._to_train(want.epoch)))
        if not left:
            return
        yield from left
        yield from self._to_judge()
        turns = ((course, epoch) for epoch in count(want.epoch) for course in self.turns or [self])
        from_this = dropwhile(lambda turn: turn[0].trial != self.trial, turns)
        for course, epoch in islice(from_this, 1, None):
            yield from course._to_train(epoch)
            yield from course._to_judge()

    def _to_train(self, epoch: int) -> Iterator[Want]:
        return (self._to_train_on(positions, epoch) for positions in self.batches(epoch))

    def _to_train_on(self, positions: torch.Tensor, epoch: int) -> Want:
        return Want(positions=tuple(self.prepared(positions).tolist()), epoch=epoch, trial=self.trial)

    def _to_judge(self) -> Iterator[Want]:
        """Yield what this process judges by: of several, each has every so many batches."""
        own = slice(self.share.rank.number, None, self.share.rank.processes)
        return map(_to_judge_by, self.validation_batches()[own])


def _to_judge_by(positions: torch.Tensor) -> Want:
    return Want(positions=tuple(positions.tolist()), epoch=None)
