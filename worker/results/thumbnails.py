"""Images as the model saw them, small enough to be looked at side by side."""

import io

import torch
from PIL import Image

from worker.images import Images

MOST_PIXELS = 160
"""Along each side."""


def thumbnail(images: Images, position: int) -> bytes:
    """Return an image as a PNG file. Raises UnusableData for one that is damaged."""
    pixels = images.pixels(torch.tensor([position]))[0]  # (3, size, size)
    image = Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
    image.thumbnail((MOST_PIXELS, MOST_PIXELS), resample=Image.Resampling.BILINEAR)
    written = io.BytesIO()
    image.save(written, format="PNG")
    return written.getvalue()
