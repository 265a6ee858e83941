"""Fashion-MNIST (Xiao et al. 2017) as a folder of images, a fixed and balanced part of it: what the worker reads.

Debian packages the data set: `apt-get install dataset-fashion-mnist`. Nothing is downloaded here.
"""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACKAGED = Path("/usr/share/datasets/fashion-mnist")
LABELS = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot")
SIDE = 28
HEADERS = {"images": 16, "labels": 8}
"""Bytes before the data, of the IDX format (LeCun): a magic number and the sizes."""

Bytes = NDArray[np.uint8]


def write_folder(folder: Path, *, images_per_label: int, packaged: Path = PACKAGED) -> None:
    """Write the first images of each label as PNG files, one sub-folder per label. A file that stands is kept."""
    if not packaged.is_dir():
        raise SystemExit(f"{packaged} is missing: apt-get install dataset-fashion-mnist")
    pixels = _read(packaged, "images").reshape(-1, SIDE, SIDE)
    labels = _read(packaged, "labels")
    for label, name in enumerate(LABELS):
        (folder / f"{label}-{name}").mkdir(parents=True, exist_ok=True)
        for position in np.flatnonzero(labels == label)[:images_per_label].tolist():
            path = folder / f"{label}-{name}" / f"{position:05}.png"
            if not path.exists():
                Image.fromarray(pixels[position]).save(path)


def _read(packaged: Path, what: str) -> Bytes:
    rank = 3 if what == "images" else 1
    with gzip.open(packaged / f"train-{what}-idx{rank}-ubyte.gz") as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=HEADERS[what])
