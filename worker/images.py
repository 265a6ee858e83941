"""What the trainer asks of a data set: labels, and pixels by position, as bytes.

Bytes are a quarter of what floats are, in a cache and on the way to an accelerator; they are normalized where the
model is.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import torch

# Mean and standard deviation of ImageNet's channels, as torchvision's pretrained weights were trained with.
MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)


Part = Literal["train", "test"]
"""Of a data set that has both. What is searched on is a part of the first; the second is for the last word."""


class UnusableData(Exception):
    """The data set cannot be trained on; the message names the file or folder and the remedy."""


class Images(Protocol):
    """Labelled images, read by position."""

    @property
    def classes(self) -> Sequence[str]:
        """The name of each label."""
        ...

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        ...

    @property
    def identity(self) -> str:
        """A digest that changes when the data are touched: caches go by it."""
        ...

    @property
    def content(self) -> str:
        """A digest that every copy of the data shares: of names, labels and sizes, or of all pixels, not of times."""
        ...

    @property
    def is_decoded(self) -> bool:
        """Whether reading an image takes little more than copying it."""
        ...

    def name(self, position: int) -> str:
        """Return what a person finds the image by, such as its path."""
        ...

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:
        """Read images, red first; raises UnusableData for one that is damaged."""  # (batch, 3, size, size), uint8
        ...


def normalized(pixels: torch.Tensor) -> torch.Tensor:
    """Scale bytes as the models expect them, on their device, in the memory layout in which models are fastest."""
    shares = pixels.contiguous(memory_format=torch.channels_last).float() / 255  # (batch, 3, height, width)
    return (shares - MEAN.to(pixels.device)) / STD.to(pixels.device)
