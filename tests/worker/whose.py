"""Images that show which process read them. In a module of their own, which loaders can import."""

import os

import torch

from worker.digits import Digits
from worker.images import UnusableData

DAMAGED = 1_000
"""The position of an image that cannot be read."""


class Whose(Digits):
    """The digits, of one pixel: its colors are the number of the process."""

    def __init__(self) -> None:
        super().__init__(image_size=32)

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, 1, 1)
        if DAMAGED in positions:
            raise UnusableData(f"image {DAMAGED} is damaged")
        return (
            torch.tensor(list(os.getpid().to_bytes(3)), dtype=torch.uint8)
            .reshape(1, 3, 1, 1)
            .repeat(len(positions), 1, 1, 1)
        )


def reader_of(pixels: torch.Tensor) -> int:
    """Return the number of the process that read a batch."""
    return int.from_bytes(bytes(pixels[0].flatten().tolist()))
