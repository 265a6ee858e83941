"""Small images that come as one array, held in memory: torchvision's sets of that kind."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

Opened = Any  # torchvision is untyped


class Arrays:
    """The images of a torchvision set that has `data`, and `targets` or `labels`. Raises ValueError if they differ."""

    def __init__(self, opened: Opened, classes: Sequence[str]) -> None:
        self._opened = opened
        labels = np.asarray(opened.targets if hasattr(opened, "targets") else opened.labels, dtype=np.int64)
        pixels = np.ascontiguousarray(opened.data)
        if len(pixels) != len(labels) or not len(labels):
            raise ValueError(f"it has {len(pixels)} images and {len(labels)} labels")
        if labels.min() < 0 or labels.max() >= len(classes):
            raise ValueError(f"its labels are {labels.min()} to {labels.max()}, not 0 to {len(classes) - 1}")
        self._classes, self._labels = classes, torch.from_numpy(labels)
        self._identity = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()

    @property
    def classes(self) -> Sequence[str]:
        return self._classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._labels

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def content(self) -> str:
        return self._identity

    def name(self, position: int) -> str:
        return f"image {position} of {type(self._opened).__name__}"

    def open(self, position: int) -> Image.Image:
        image = self._opened[position][0]
        assert isinstance(image, Image.Image)
        return image
