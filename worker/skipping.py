"""A data set without the images that cannot be read: decided before anything is split, and alike in every worker."""

import hashlib
import logging
from collections.abc import Sequence

import torch

from worker.decoding import BadImage, Decoded, in_order
from worker.images import Images, UnusableData

NAMED = 3
"""Images that the log names."""
_log = logging.getLogger("podium")


def bad_among(images: Decoded) -> list[BadImage]:
    """Decode every image once to find those that cannot be."""
    return [read for read in in_order(images) if isinstance(read, BadImage)]


def without(bad: Sequence[BadImage], images: Images, *, fewest: int) -> Images:
    """Leave out bad images, and labels with fewer images than needed; say in one line what is left out."""
    is_sound = torch.ones(len(images.labels), dtype=torch.bool)
    is_sound[torch.tensor([each.position for each in bad], dtype=torch.int64)] = False
    counts = torch.bincount(images.labels[is_sound], minlength=len(images.classes))
    is_usable = counts >= fewest
    if int(is_usable.sum()) < min(2, len(images.classes)):
        first = f", as {bad[0]}" if bad else ""
        raise UnusableData(f"fewer than 2 labels have {fewest} images that can be read{first}; see to the data")
    if not bad and bool(is_usable.all()):
        return images
    kept = _Kept(images, torch.nonzero(is_sound & is_usable[images.labels]).flatten(), is_usable)
    _log.warning("podium: %s", _told(bad, images, kept, is_usable))
    return kept


class _Kept:
    """Some of the images, with numbers for the labels that are left."""

    def __init__(self, images: Images, positions: torch.Tensor, is_usable: torch.Tensor) -> None:
        self._images, self._positions = images, positions
        numbers = is_usable.cumsum(0) - 1  # (labels,)
        self._labels = numbers[images.labels[positions]]
        self._classes = [name for name, usable in zip(images.classes, is_usable.tolist(), strict=True) if usable]

    @property
    def classes(self) -> Sequence[str]:
        return self._classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._labels

    @property
    def identity(self) -> str:
        return self._with_positions(self._images.identity)

    @property
    def content(self) -> str:
        return self._with_positions(self._images.content)

    @property
    def is_decoded(self) -> bool:
        return self._images.is_decoded

    def name(self, position: int) -> str:
        return self._images.name(int(self._positions[position]))

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        return self._images.pixels(self._positions[positions])

    def _with_positions(self, digest: str) -> str:
        kept = self._positions.numpy().astype("<i8").tobytes()
        return hashlib.sha256(digest.encode() + kept).hexdigest()


def _told(bad: Sequence[BadImage], images: Images, kept: Images, is_usable: torch.Tensor) -> str:
    names = [str(each) for each in bad[:NAMED]]
    dropped = [name for name, usable in zip(images.classes, is_usable.tolist(), strict=True) if not usable]
    if dropped:
        names.append(f"too few images of {', '.join(map(repr, dropped[:NAMED]))}")
    more = max(0, len(bad) - NAMED) + max(0, len(dropped) - NAMED)
    skipped = len(images.labels) - len(kept.labels)
    told = f"skipped {skipped} of {len(images.labels)} images and {len(dropped)} of {len(images.classes)} labels"
    return f"{told}: {'; '.join(names)}{f'; and {more} more' if more else ''}"
