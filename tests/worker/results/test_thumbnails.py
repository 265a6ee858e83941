"""Thumbnails show the image that the model saw, in whichever form the data set gives its pixels."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.worker.small import write_images
from worker.image_folder import ImageFolder
from worker.images import normalized
from worker.results.thumbnails import thumbnail


class Painted:
    """One image, red above and blue below."""

    classes: Sequence[str] = ("painted",)
    labels = torch.tensor([0])

    def __init__(self, *, size: int, is_normalized: bool) -> None:
        pixels = torch.zeros(1, 3, size, size, dtype=torch.uint8)
        pixels[:, 0, : size // 2], pixels[:, 2, size // 2 :] = 200, 100
        self._pixels = normalized(pixels.float() / 255) if is_normalized else pixels

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:
        return self._pixels[positions]


def shown(content: bytes) -> Image.Image:
    assert content.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("is_normalized", [True, False])
@pytest.mark.parametrize(("size", "pixels"), [(32, 32), (160, 160), (320, 160)])
def test_large_images_are_made_small_and_small_ones_stay(size: int, pixels: int, is_normalized: bool) -> None:
    image = shown(thumbnail(Painted(size=size, is_normalized=is_normalized), 0))
    assert image.size == (pixels, pixels)
    assert image.getpixel((3, 3)) == (200, 0, 0)
    assert image.getpixel((3, pixels - 3)) == (0, 0, 100)


def test_it_is_the_image_at_that_position(tmp_path: Path) -> None:
    images = ImageFolder(str(write_images(tmp_path, ("red", "green"), each=2)), image_size=32, threads=1)
    for position, brightest in enumerate((1, 1, 0, 0)):  # labels are in alphabetical order
        means = np.asarray(shown(thumbnail(images, position))).mean(axis=(0, 1))
        assert means.argmax() == brightest, images.name(position)
