"""Images as the model saw them, small enough to be looked at side by side."""

import io

import torch
from PIL import Image

from worker.images import MEAN, STD, Images

MOST_PIXELS = 160
"""Along each side."""


def thumbnail(images: Images, position: int) -> bytes:
    """Return an image as a PNG file. Raises UnusableData for one that is damaged."""
    pixels = _eight_bits(images.pixels(torch.tensor([position])))[0]  # (3, size, size)
    image = Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())
    image.thumbnail((MOST_PIXELS, MOST_PIXELS), resample=Image.Resampling.BILINEAR)
    written = io.BytesIO()
    image.save(written, format="PNG")
    return written.getvalue()


def _eight_bits(pixels: torch.Tensor) -> torch.Tensor:  # (images, 3, size, size)
    """Return pixels as a screen wants them, be they normalized or bytes already."""
    if pixels.dtype == torch.uint8:
        return pixels
    return ((pixels * STD + MEAN) * 255).round().clamp(0, 255).to(torch.uint8)
