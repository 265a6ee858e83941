"""What the trainer asks of a data set: labels, and pixels by position, normalized as ImageNet's weights expect."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch

# Mean and standard deviation of ImageNet's channels, as torchvision's pretrained weights were trained with.
MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)


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

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:
        """Read images; raises UnusableData for one that is damaged."""  # (batch, 3, size, size), normalized
        ...


@runtime_checkable
class Named(Protocol):
    """A data set whose images have names."""

    def name(self, position: int) -> str:
        """Return what a user finds the image by, such as its path within the data set."""
        ...


def normalized(pixels: torch.Tensor) -> torch.Tensor:
    """Scale channels in [0, 1] as the models expect them, in the memory layout in which they are fastest."""
    return ((pixels - MEAN) / STD).contiguous(memory_format=torch.channels_last)  # (batch, 3, height, width)
