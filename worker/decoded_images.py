"""Images that were all decoded once, and which of them could not be."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from worker.cache import Choice, cached
from worker.decoding import BadImage, Decoded, in_order
from worker.images import Images
from worker.machine import Machine
from worker.mapped import Mapped, Rows, handed, received
from worker.tables import Stored, Words

FORMAT = "pixels 1"
"""Another number is other pixels of the same image."""


def decoded_once(images: Decoded, choice: Choice, machine: Machine) -> tuple[Images, Sequence[BadImage] | None]:
    """Return the images in a cache, and which of them cannot be read; None if they were not all looked at."""
    stored = cached(_Pixels(images), choice, machine)
    return (images, None) if stored is None else (_Cached(images, stored), _bad_of(stored.words))


class _Pixels:
    """The pixels of all images, black where one is bad, and why it is."""

    name = "images"
    dtype = np.dtype(np.uint8)

    def __init__(self, images: Decoded) -> None:
        self._images = images
        self._bad: list[BadImage] = []

    @property
    def task(self) -> str:
        return f"decoding {len(self._images.labels):,} images"

    @property
    def key(self) -> str:
        return hashlib.sha256(f"{FORMAT} {self._images.identity} {self.shape}".encode()).hexdigest()

    @property
    def shape(self) -> tuple[int, ...]:  # (images, 3, size, size)
        return self._images.shape

    def rows(self) -> Iterator[Rows]:
        self._bad.clear()
        black = np.zeros(self.shape[1:], dtype=self.dtype)
        for read in in_order(self._images):
            if isinstance(read, BadImage):
                self._bad.append(read)
            yield black if isinstance(read, BadImage) else read.numpy()

    def words(self) -> Words:
        return [[each.position, each.why] for each in self._bad]


def _bad_of(words: Words) -> list[BadImage]:
    return [BadImage(position=position, why=why) for position, why in words]


class _Cached:
    """The images as they are kept."""

    def __init__(self, images: Images, stored: Stored) -> None:
        self._images, self._pixels = images, stored.rows

    @property
    def classes(self) -> Sequence[str]:
        return self._images.classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._images.labels

    @property
    def identity(self) -> str:
        return self._images.identity

    @property
    def content(self) -> str:
        return self._images.content

    @property
    def is_decoded(self) -> bool:
        return True

    def name(self, position: int) -> str:
        return self._images.name(position)

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        return torch.from_numpy(self._pixels[positions.numpy()])  # a copy of these

    def __getstate__(self) -> Rows | Mapped:
        """Hand over the pixels alone: a loader asks for nothing else."""
        return handed(self._pixels)

    def __setstate__(self, sent: Rows | Mapped) -> None:
        self._pixels = received(sent)
