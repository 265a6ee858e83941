"""Images that are files on a disk, each with a label: what most data sets are, however they arrange and label them."""

import hashlib
import os
from collections.abc import Sequence
from os import stat_result
from pathlib import Path

import torch
from PIL import Image

from worker.images import UnusableData

EXTENSIONS = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}


class Files:
    """Files below a root, with the position of each one's class. A file that is not there counts as a bad image."""

    def __init__(self, root: Path, found: Sequence[tuple[Path, int]], classes: Sequence[str]) -> None:
        self._paths = [path for path, _ in found]
        self._labels = torch.tensor([label for _, label in found], dtype=torch.int64)
        self._classes = classes
        for path, label in found:
            if not 0 <= label < len(classes):
                raise UnusableData(f"{path} has label {label}; there are {len(classes)}, counted from 0")
        self._content, self._identity = _digests(root, found, classes)

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
        return self._content

    def name(self, position: int) -> str:
        return written(self._paths[position])

    def open(self, position: int) -> Image.Image:
        return Image.open(self._paths[position])


def images_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file())


def directory(root: str, setting: str = "training.data") -> Path:
    """Return the directory that a setting names.

    Raises UnusableData unless it can be listed and holds something.
    """
    path = Path(root)
    try:
        first = next(path.iterdir(), None)
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableData(f"{root} is not a directory; `{setting}` names one that every worker can see") from None
    except OSError as error:
        raise UnusableData(f"{root} cannot be listed ({error.strerror}); let the worker's user read it") from None
    if first is None:
        raise UnusableData(f"{root} is empty; is the volume with the data mounted there?")
    return path


def written(name: str | Path) -> str:
    """Return a name that can be written anywhere; those of files need not be UTF-8."""
    return os.fsencode(name).decode(errors="backslashreplace")


def _digests(root: Path, found: Sequence[tuple[Path, int]], classes: Sequence[str]) -> tuple[str, str]:
    """Return a digest of names, labels and sizes, which every copy shares, and one that knows the files' times too."""
    content, times = hashlib.sha256("\0".join(classes).encode()), hashlib.sha256()
    for path, label in found:
        stated = _stat(path)
        size, time = (stated.st_size, stated.st_mtime_ns) if stated else ("missing", "missing")
        content.update(os.fsencode(path.relative_to(root)) + f"\0{label} {size}\n".encode())
        times.update(f"{time}\n".encode())
    return content.hexdigest(), hashlib.sha256(content.digest() + times.digest()).hexdigest()


def _stat(path: Path) -> stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
