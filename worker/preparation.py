"""What is done to images before an accelerator sees them: they are read, and changed as an epoch asks for.

It depends on what is wanted and on nothing else, so that any process may do it, in any order.
"""

from dataclasses import dataclass

import torch

from worker.augmentation import Augmentation
from worker.images import Images


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A batch of images."""

    positions: tuple[int, ...]
    epoch: int | None
    """That they are changed for; None for images as they are, which are judged by."""
    trial: int = 0
    """Whose chances change them, in an epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    images: Images
    augmentation: Augmentation

    def of(self, want: Want) -> torch.Tensor:
        """Return the pixels of a batch. Raises UnusableData."""  # (batch, 3, size, size), bytes
        positions = torch.tensor(want.positions, dtype=torch.int64)
        pixels = self.images.pixels(positions)
        if want.epoch is None:
            return pixels
        return self.augmentation.of_trial(want.trial).of_images(pixels, positions, want.epoch)
