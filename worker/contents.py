"""All images of a data set, decoded once, and which of them could not be: what a cache holds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from worker.decoding import BadImage, Decoded

CHUNK = 256
"""Images that are decoded before any is kept; few enough to be in memory beside a model, many enough for threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    pixels: NDArray[np.uint8]  # (images, 3, size, size); black where an image is bad
    bad: Sequence[BadImage]


def decoded_bytes(images: Decoded) -> int:
    return math.prod(images.shape)


def contents_of(images: Decoded) -> Contents:
    """Decode all images into memory."""
    pixels, bad = np.zeros(images.shape, dtype=np.uint8), []
    for position, read in enumerate(in_order(images)):
        if isinstance(read, BadImage):
            bad.append(read)
        else:
            pixels[position] = read.numpy()
    return Contents(pixels=pixels, bad=bad)


def in_order(images: Decoded) -> Iterator[torch.Tensor | BadImage]:
    """Decode all images, a chunk at a time."""
    for positions in torch.split(torch.arange(len(images.labels)), CHUNK):
        yield from images.attempts(positions)
