"""Images that are decoded and resized when they are needed, by threads: whatever Pillow can open, wherever it is kept.

Decoding releases Python's lock, and threads need no shared memory, of which a container has 64 MB unless it is told
otherwise. No augmentation: the shorter side is scaled, and the middle is cut out.
"""

import errno
import struct
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import torch
from PIL import Image, ImageOps
from torchvision.transforms.functional import pil_to_tensor

from worker.images import UnusableData

NOT_AN_IMAGE = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, OverflowError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's readers raise for bytes that they cannot make sense of."""
LASTING = (None, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EINVAL)
"""Error numbers that say something of the file; Pillow's own errors have none. The others, as EIO, may pass."""
CHUNK = 256
"""Images that are decoded before any is kept; few enough to be in memory beside a model, many enough for threads."""
REMEDY = "replace or remove it, or give `on_bad_image: skip`"


class Pictures(Protocol):
    """Labelled images as they are stored."""

    @property
    def classes(self) -> Sequence[str]: ...

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        ...

    @property
    def identity(self) -> str: ...

    @property
    def content(self) -> str: ...

    def name(self, position: int) -> str:
        """Say where the image is, for a person."""
        ...

    def open(self, position: int) -> Image.Image:
        """Return the image, decoded or not yet; raises what Pillow raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BadImage:
    """An image that cannot be read, today or tomorrow."""

    position: int
    why: str

    def __str__(self) -> str:
        return self.why


class Decoded:
    """Pictures of one size, as the trainer asks for them."""

    def __init__(self, pictures: Pictures, *, image_size: int, threads: int) -> None:
        self._pictures = pictures
        self._size = (image_size, image_size)
        self._readers = _readers(threads)

    @property
    def classes(self) -> Sequence[str]:
        return self._pictures.classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._pictures.labels

    @property
    def identity(self) -> str:
        return self._pictures.identity

    @property
    def content(self) -> str:
        return self._pictures.content

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """That of all pixels together: (images, 3, size, size)."""
        return (len(self.labels), 3, *self._size)

    @property
    def is_decoded(self) -> bool:
        return False

    def name(self, position: int) -> str:
        return self._pictures.name(position)

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        return torch.stack([_sound(read) for read in self.attempts(positions)])

    def attempts(self, positions: torch.Tensor) -> Iterator[torch.Tensor | BadImage]:
        """Read images, in their order; for each that is damaged, say so. Raises UnusableData for what may pass."""
        return self._readers.map(self._read, positions.tolist())

    def __getstate__(self) -> tuple[Pictures, tuple[int, int]]:
        return self._pictures, self._size

    def __setstate__(self, sent: tuple[Pictures, tuple[int, int]]) -> None:
        """Read with one thread, in a process that is one of many."""
        self._pictures, self._size = sent
        self._readers = _readers(1)

    def _read(self, position: int) -> torch.Tensor | BadImage:  # (3, size, size), bytes
        try:
            with self._pictures.open(position) as image:
                fitted = ImageOps.fit(image.convert("RGB"), self._size, method=Image.Resampling.BILINEAR)
        except NOT_AN_IMAGE as error:
            name = self.name(position)
            if isinstance(error, OSError) and error.errno not in LASTING:
                raise UnusableData(f"{name} could not be read now ({error}); see to its disk or network") from None
            return BadImage(position=position, why=f"{name} cannot be read as an image ({_reason(error)})")
        return pil_to_tensor(fitted)  # type: ignore[no-any-return]  # torchvision is untyped


def in_order(images: Decoded) -> Iterator[torch.Tensor | BadImage]:
    """Decode all images, a chunk at a time."""
    for positions in torch.split(torch.arange(len(images.labels)), CHUNK):
        yield from images.attempts(positions)


def _readers(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="image-reader")


def _sound(read: torch.Tensor | BadImage) -> torch.Tensor:
    if isinstance(read, BadImage):
        raise UnusableData(f"{read}; {REMEDY}")
    return read


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
