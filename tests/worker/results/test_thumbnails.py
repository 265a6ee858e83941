"""Thumbnails show the image that the model saw, small enough to be looked at side by side."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.worker.small import write_images
from worker.decoding import Decoded
from worker.image_folder import image_folder
from worker.results.thumbnails import thumbnail


def shown(content: bytes) -> Image.Image:
    assert content.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(content))


def opened(root: Path, image_size: int) -> Decoded:
    return Decoded(image_folder(str(root), keep_empty=False), image_size=image_size, threads=1)


@pytest.mark.parametrize(("size", "side"), [(32, 32), (160, 160), (320, 160)])
def test_large_images_are_made_small_and_small_ones_stay(tmp_path: Path, size: int, side: int) -> None:
    pixels = np.zeros((size, size, 3), dtype=np.uint8)
    pixels[: size // 2, :, 0], pixels[size // 2 :, :, 2] = 200, 100  # red above, blue below
    for label in ("one", "two"):
        (tmp_path / label).mkdir()
        Image.fromarray(pixels).save(tmp_path / label / "painted.png")
    image = shown(thumbnail(opened(tmp_path, size), 0))
    assert image.size == (side, side)
    assert image.getpixel((3, 3)) == (200, 0, 0)
    assert image.getpixel((3, side - 3)) == (0, 0, 100)


def test_it_is_the_image_at_that_position(tmp_path: Path) -> None:
    images = opened(write_images(tmp_path, ("red", "green"), each=2), 32)
    for position, brightest in enumerate((1, 1, 0, 0)):  # labels are in alphabetical order
        means = np.asarray(shown(thumbnail(images, position))).mean(axis=(0, 1))
        assert means.argmax() == brightest, images.name(position)
