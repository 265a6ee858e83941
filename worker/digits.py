"""The 1,797 scanned digits that ship with scikit-learn (8 x 8 pixels, 17 grey levels), enlarged to the model's size."""

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from worker.images import UnusableData

GREY_LEVELS = 16


class Digits:
    """The digits, in memory; they are enlarged only when read, so that any size fits."""

    def __init__(self, *, image_size: int) -> None:
        path = _table_path()
        table = np.loadtxt(path, delimiter=",", dtype=np.float32)  # (1797, 64 + 1)
        self._identity = hashlib.sha256(path.read_bytes()).hexdigest()
        self._small = torch.from_numpy(table[:, :-1] / GREY_LEVELS).reshape(-1, 1, 8, 8)
        self._labels = torch.from_numpy(table[:, -1].astype(np.int64))
        self._image_size = image_size

    @property
    def classes(self) -> Sequence[str]:
        return [str(digit) for digit in range(10)]

    @property
    def labels(self) -> torch.Tensor:  # (1797,)
        return self._labels

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def content(self) -> str:
        return self._identity

    @property
    def is_decoded(self) -> bool:
        return True

    def name(self, position: int) -> str:
        return f"digit {position} of scikit-learn"

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        size = (self._image_size, self._image_size)
        grey = functional.interpolate(self._small[positions], size=size, mode="bilinear", align_corners=False)
        return (grey * 255).round().to(torch.uint8).expand(-1, 3, -1, -1)


def _table_path() -> Path:
    """Find the table without importing scikit-learn, which takes seconds, and every run would pay them."""
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise UnusableData("the digits ship with scikit-learn, which is not installed: pip install 'podium[worker]'")
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if not path.is_file():
        raise UnusableData(f"{path} is missing: this scikit-learn keeps its digits elsewhere; install 1.7 to 1.9")
    return path
