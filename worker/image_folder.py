"""A folder of images on disk, one sub-folder per label, as torchvision's ImageFolder reads it.

Images are read when they are needed, by threads: decoding releases Python's lock, and threads need no shared memory,
of which a container has 64 MB unless it is told otherwise. No augmentation: the shorter side is scaled, and the middle
is cut out.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from worker.images import UnusableData, normalized

EXTENSIONS = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}


class ImageFolder:
    """The images below a folder; sub-folders in alphabetical order are the labels. Raises UnusableData."""

    def __init__(self, root: str, *, image_size: int, threads: int) -> None:
        self._classes = _classes(Path(root))
        found = [(path, label) for label, name in enumerate(self._classes) for path in _images(Path(root) / name)]
        self._root = Path(root)
        self._paths = [path for path, _ in found]
        self._labels = torch.tensor([label for _, label in found])
        self._image_size = image_size
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="image-reader")

    @property
    def classes(self) -> Sequence[str]:
        return self._classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._labels

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        pixels = list(self._readers.map(self._read, positions.tolist()))
        return normalized(torch.stack(pixels).permute(0, 3, 1, 2).float() / 255)

    def name(self, position: int) -> str:
        return self._paths[position].relative_to(self._root).as_posix()

    def _read(self, position: int) -> torch.Tensor:  # (size, size, 3), bytes
        path, size = self._paths[position], (self._image_size, self._image_size)
        try:
            with Image.open(path) as image:
                fitted = ImageOps.fit(image.convert("RGB"), size, method=Image.Resampling.BILINEAR)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # what Pillow's readers raise
            raise UnusableData(f"{path} cannot be read as an image ({error}); replace or remove it") from None
        return torch.from_numpy(np.array(fitted))


def _classes(root: Path) -> list[str]:
    if not root.is_dir():
        raise UnusableData(f"{root} is not a directory; `training.data` names one that every worker can see")
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(names) < 2:
        raise UnusableData(f"{root} has {len(names)} sub-folders; there must be one for each of at least 2 labels")
    return names


def _images(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file())
    if not paths:
        known = ", ".join(sorted(EXTENSIONS))
        raise UnusableData(f"{folder} holds no image ({known}); add some or remove the folder")
    return paths
