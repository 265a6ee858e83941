"""Images in Parquet files, encoded, with a label each: how the Hugging Face hub stores its data sets.

Labels are read at once, images by the row group, which is the least that Parquet reads: in order they cost little, at
random much.
"""

import hashlib
import io
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from worker.images import Part, UnusableData
from worker.parquet_files import ParquetFile, opened

ROW_GROUPS_HELD = 4
"""In memory, of some 100 images each as the hub writes them."""


class ParquetPictures:
    """Pictures in the rows of Parquet files with the columns `image` and `label`. Raises UnusableData."""

    def __init__(self, data: str, part: Part, *, setting: str = "training.data") -> None:
        files = opened(data, part, setting=setting)
        self._classes, self._labels = _labelled(files)
        self._identity = _digest(self._classes, [f"{file.relative}\0{file.state}" for file in files])
        self._content = _digest(
            self._classes, [f"{file.relative}\0{file.size} {list(file.group_rows)}" for file in files], self._labels
        )
        self._groups = [(file, number) for file in files for number in range(len(file.group_rows))]
        rows = [count for file in files for count in file.group_rows]
        self._starts = np.cumsum([0, *rows[:-1]])  # (row groups,)
        self._hold_none()

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
        group, row = self._place(position)
        file, number = self._groups[group]
        return f"row {sum(file.group_rows[:number]) + row} of {file.name}"

    def open(self, position: int) -> Image.Image:
        group, row = self._place(position)
        with self._lock:  # or each thread would read the same row group
            encoded = self._read(group)[row].as_py()
        if not encoded:
            raise ValueError("it holds no bytes")
        return Image.open(io.BytesIO(encoded))

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_lock", "_read")}

    def __setstate__(self, sent: dict[str, object]) -> None:
        self.__dict__.update(sent)
        self._hold_none()

    def _hold_none(self) -> None:
        self._lock = Lock()
        self._read = lru_cache(ROW_GROUPS_HELD)(self._read_group)

    def _place(self, position: int) -> tuple[int, int]:
        """Return the row group, and the row in it."""
        group = int(np.searchsorted(self._starts, position, side="right")) - 1
        return group, position - int(self._starts[group])

    def _read_group(self, group: int) -> pa.ChunkedArray:
        file, number = self._groups[group]
        return file.images(number)


def _labelled(files: Sequence[ParquetFile]) -> tuple[list[str], torch.Tensor]:
    """Return the names of the labels, as the files or the values themselves tell them, and each row's label."""
    values = [(file, row, value) for file in files for row, value in enumerate(file.labels())]
    classes = files[0].class_names or _classes_among([value for _, _, value in values])
    number_of = {name: number for number, name in enumerate(classes)}
    labels = []
    for file, row, value in values:
        label = value if isinstance(value, int) else number_of.get(str(value), -1)
        if not 0 <= label < len(classes):
            allowed = f"a number from 0 to {len(classes) - 1}, or a name of the metadata"
            raise UnusableData(f"row {row} of {file.name} has the label {value!r}; give it {allowed}")
        labels.append(label)
    return list(classes), torch.tensor(labels, dtype=torch.int64)


def _classes_among(values: Sequence[object]) -> list[str]:
    """Return the names among the labels, or the numbers up to the largest, or to what there may be at most."""
    if names := {value for value in values if isinstance(value, str)}:
        return sorted(names)
    largest = max((value for value in values if isinstance(value, int)), default=0)
    return [str(number) for number in range(min(len(values), largest + 1))]


def _digest(classes: Sequence[str], files: Sequence[str], labels: torch.Tensor | None = None) -> str:
    digest = hashlib.sha256("\0".join(classes).encode())
    for told in files:
        digest.update(f"\n{told}".encode())
    if labels is not None:
        digest.update(labels.numpy().astype("<i8").tobytes())
    return digest.hexdigest()
