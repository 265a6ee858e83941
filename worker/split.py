"""Which images are trained on, and in which order.

20% of each label are held out for validation, fixed by the experiment's seed and so the same for every trial: all are
compared on the same images. The order depends on (seed, trial, epoch) alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from worker.images import Images, UnusableData
from worker.seeding import generator_for

HELD_OUT_SHARE = 0.2
FOR_SPLIT, FOR_ORDER = 1, 2
"""Set the uses of one seed apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Positions in one data set, ascending."""

    train: torch.Tensor  # (images,)
    validation: torch.Tensor  # (images,)


def split_by_label(images: Images, seed: int, *, share: float = 1.0) -> Split:
    """Hold out a part of each label, at least one image, and train on a share of each label's rest.

    A smaller share is part of every larger one, and the validation images are the same for all.
    Raises UnusableData for a label of one image.
    """
    train, validation = [], []
    for name, shuffled in zip(images.classes, shuffled_by_label(images, seed), strict=True):
        if len(shuffled) < 2:
            raise UnusableData(f"label {name!r} has {len(shuffled)} image; it needs 2, one of them for validation")
        held_out = max(1, round(HELD_OUT_SHARE * len(shuffled)))
        validation.append(shuffled[:held_out])
        train.append(part_of(shuffled[held_out:], share))
    return Split(train=torch.cat(train).sort().values, validation=torch.cat(validation).sort().values)


class BatchTooLarge(Exception):
    """A batch is to hold more images than there are to train on; the message says how many there are."""


def refuse_large_batches(batch_size: int, splits: Sequence[Split]) -> None:
    """Raise BatchTooLarge where a batch would hold more than a split has to train on.

    The splits are those of a full training. A rung that sees a share of the data may have fewer images than a batch: it
    makes one batch of them, since the same configuration can be trained in full.
    """
    fewest = min(len(split.train) for split in splits)
    if batch_size > fewest:
        images = f"{fewest} image{'' if fewest == 1 else 's'} to train on"
        raise BatchTooLarge(f"batch_size {batch_size} is larger than the data, {images}; use {fewest} at most")


def shuffled_by_label(images: Images, seed: int) -> list[torch.Tensor]:
    """Return the positions of each label's images, in an order that the experiment's seed fixes."""
    generator = generator_for(seed, FOR_SPLIT)
    by_label = [torch.nonzero(images.labels == label).flatten() for label in range(len(images.classes))]
    return [positions[torch.randperm(len(positions), generator=generator)] for positions in by_label]


def part_of(shuffled: torch.Tensor, share: float) -> torch.Tensor:
    """Return a share of one label's images, at least one."""
    return shuffled[: max(1, round(share * len(shuffled)))]


def digest_of(*held_out: NDArray[np.int64]) -> str:
    """Return what tells this split from another of the same data: a digest of the positions held out, by fold.

    All trials of an experiment have them in common, whatever share they train on.
    """
    digests = [hashlib.sha256(positions.astype("<i8").tobytes()).hexdigest() for positions in held_out]
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


def shuffled_batches(train: torch.Tensor, batch_size: int, *, seed: int, trial: int, epoch: int) -> list[torch.Tensor]:
    """Return the positions of one epoch in batches.

    A last batch of one image joins the batch before it: BatchNorm cannot normalize one value per channel. A batch size
    beyond the data, as at a rung that sees little of it, makes one batch.
    """
    order = torch.randperm(len(train), generator=generator_for(seed, FOR_ORDER, trial, epoch))
    return _joined(torch.split(train[order], batch_size))


def _joined(batches: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    if len(batches) > 1 and len(batches[-1]) == 1 < len(batches[-2]):
        return [*batches[:-2], torch.cat([batches[-2], batches[-1]])]
    return list(batches)
