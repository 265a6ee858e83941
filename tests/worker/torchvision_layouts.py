"""Each of torchvision's sets as it lies on a disk, with a few small images in three colors, one for each label.

Where torchvision knows a file's MD5, the tests cannot write that file: `forget_digests` makes it accept others.
"""

import csv
import json
import pickle
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat
from torchvision import datasets

from tests.worker.small import picture

TRAIN, TEST = (0, 1, 2, 0, 1, 2), (2, 1, 0)
"""The labels that each set has, but for those without a test part."""


def forget_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    for of_arrays in (datasets.CIFAR10, datasets.CIFAR100, datasets.STL10):
        for name in ("train_list", "test_list"):
            monkeypatch.setattr(of_arrays, name, [[file, None] for file, _ in getattr(of_arrays, name)])
    for of_meta in (datasets.CIFAR10, datasets.CIFAR100):
        monkeypatch.setattr(of_meta, "meta", {**of_meta.meta, "md5": None})
    splits = {split: [url, file, None] for split, (url, file, _) in datasets.SVHN.split_list.items()}
    monkeypatch.setattr(datasets.SVHN, "split_list", splits)
    files = {what: (name, None) for what, (name, _) in datasets.Flowers102._file_dict.items()}
    monkeypatch.setattr(datasets.Flowers102, "_file_dict", files)


def _colored(labels: Sequence[int], side: int) -> NDArray[np.uint8]:
    """Return images that have nothing but the color of their label."""
    pixels = np.zeros((len(labels), 3, side, side), dtype=np.uint8)
    pixels[np.arange(len(labels)), labels] = 200
    return pixels


def _save(path: Path, label: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(label, np.random.default_rng(0)).save(path)


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def idx(root: Path, folder: str) -> None:
    for part, labels in (("train", TRAIN), ("t10k", TEST)):
        grey = np.array(labels, dtype=np.uint8)[:, None, None] * np.full((28, 28), 100, dtype=np.uint8)
        head = struct.pack(">IIII", 2051, len(labels), 28, 28)
        _write(root / folder / "raw" / f"{part}-images-idx3-ubyte", head + grey.tobytes())
        _write(
            root / folder / "raw" / f"{part}-labels-idx1-ubyte", struct.pack(">II", 2049, len(labels)) + bytes(labels)
        )


def cifar10(root: Path) -> None:
    folder = root / "cifar-10-batches-py"
    names = {"label_names": ["red", "green", "blue"]}
    _write(folder / "batches.meta", pickle.dumps(names))
    empty = {"data": np.zeros((0, 3072), dtype=np.uint8), "labels": []}
    for number in range(2, 6):
        _write(folder / f"data_batch_{number}", pickle.dumps(empty))
    for name, labels in (("data_batch_1", TRAIN), ("test_batch", TEST)):
        batch = {"data": _colored(labels, 32).reshape(len(labels), -1), "labels": list(labels)}
        _write(folder / name, pickle.dumps(batch))


def cifar100(root: Path) -> None:
    folder = root / "cifar-100-python"
    _write(folder / "meta", pickle.dumps({"fine_label_names": ["red", "green", "blue"]}))
    for name, labels in (("train", TRAIN), ("test", TEST)):
        batch = {"data": _colored(labels, 32).reshape(len(labels), -1), "fine_labels": list(labels)}
        _write(folder / name, pickle.dumps(batch))


def svhn(root: Path) -> None:
    for part, labels in (("train", TRAIN), ("test", TEST)):
        ten_for_zero = [[label or 10] for label in labels]
        savemat(root / f"{part}_32x32.mat", {"X": _colored(labels, 32).transpose(2, 3, 1, 0), "y": ten_for_zero})


def stl10(root: Path) -> None:
    folder = root / "stl10_binary"
    _write(folder / "class_names.txt", "red\ngreen\nblue\n")
    _write(folder / "unlabeled_X.bin", b"")
    for part, labels in (("train", TRAIN), ("test", TEST)):
        _write(folder / f"{part}_X.bin", _colored(labels, 96).tobytes())
        _write(folder / f"{part}_y.bin", bytes(label + 1 for label in labels))


def flowers102(root: Path) -> None:
    folder, labels = root / "flowers-102", [*TRAIN, *TEST]
    for number, label in enumerate(labels, 1):
        _save(folder / "jpg" / f"image_{number:05}.jpg", label)
    savemat(folder / "imagelabels.mat", {"labels": [[label + 1 for label in labels]]})
    savemat(folder / "setid.mat", {"trnid": [[1, 2, 3]], "valid": [[4, 5, 6]], "tstid": [[7, 8, 9]]})


def food101(root: Path) -> None:
    for part, labels in (("train", TRAIN), ("test", TEST)):
        listed: dict[str, list[str]] = {"apple_pie": [], "baklava": [], "cannoli": []}
        for number, label in enumerate(labels):
            name = f"{list(listed)[label]}/{part}{number}"
            listed[list(listed)[label]].append(name)
            _save(root / "food-101" / "images" / f"{name}.jpg", label)
        _write(root / "food-101" / "meta" / f"{part}.json", json.dumps(listed))


def oxford_iiit_pet(root: Path) -> None:
    folder, breeds = root / "oxford-iiit-pet", ("Abyssinian", "beagle", "Bengal")
    for part, labels in (("trainval", TRAIN), ("test", TEST)):
        names = [f"{breeds[label]}_{part}{number}" for number, label in enumerate(labels)]
        for name, label in zip(names, labels, strict=True):
            _save(folder / "images" / f"{name}.jpg", label)
        lines = [f"{name} {label + 1} 1 1" for name, label in zip(names, labels, strict=True)]
        _write(folder / "annotations" / f"{part}.txt", "\n".join(lines))


def dtd(root: Path) -> None:
    folder, textures = root / "dtd" / "dtd", ("banded", "dotted", "woven")
    for part, labels in (("train", TRAIN[:3]), ("val", TRAIN[3:]), ("test", TEST)):
        names = [f"{textures[label]}/{part}{number}.jpg" for number, label in enumerate(labels)]
        for name, label in zip(names, labels, strict=True):
            _save(folder / "images" / name, label)
        _write(folder / "labels" / f"{part}1.txt", "\n".join(names))


def fgvc_aircraft(root: Path) -> None:
    folder, variants = root / "fgvc-aircraft-2013b" / "data", ("707-320", "727-200", "A340-200")
    _write(folder / "variants.txt", "\n".join(variants))
    for part, labels in (("trainval", TRAIN), ("test", TEST)):
        for number, label in enumerate(labels):
            _save(folder / "images" / f"{part}{number}.jpg", label)
        lines = [f"{part}{number} {variants[label]}" for number, label in enumerate(labels)]
        _write(folder / f"images_variant_{part}.txt", "\n".join(lines))


def gtsrb(root: Path) -> None:
    folder = root / "gtsrb"
    for number, label in enumerate(TRAIN):
        _save(folder / "GTSRB" / "Training" / f"{label:05}" / f"{number:05}.ppm", label)
    for number, label in enumerate(TEST):
        _save(folder / "GTSRB" / "Final_Test" / "Images" / f"{number:05}.ppm", label)
    with (folder / "GT-final_test.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Filename", "ClassId"])
        writer.writerows([f"{number:05}.ppm", label] for number, label in enumerate(TEST))


def eurosat(root: Path) -> None:
    for number, label in enumerate(TRAIN):
        _save(root / "eurosat" / "2750" / ("AnnualCrop", "Forest", "River")[label] / f"{number}.jpg", label)


def caltech101(root: Path) -> None:
    (root / "caltech101" / "101_ObjectCategories" / "BACKGROUND_Google").mkdir(parents=True)
    for number, label in enumerate(TRAIN):
        name = f"image_{number // 3 + 1:04}.jpg"
        _save(root / "caltech101" / "101_ObjectCategories" / ("ant", "barrel", "chair")[label] / name, label)


WRITERS = {
    "mnist": lambda root: idx(root, "MNIST"),
    "fashion_mnist": lambda root: idx(root, "FashionMNIST"),
    "kmnist": lambda root: idx(root, "KMNIST"),
    "cifar10": cifar10,
    "cifar100": cifar100,
    "svhn": svhn,
    "stl10": stl10,
    "flowers102": flowers102,
    "food101": food101,
    "oxford_iiit_pet": oxford_iiit_pet,
    "dtd": dtd,
    "eurosat": eurosat,
    "gtsrb": gtsrb,
    "fgvc_aircraft": fgvc_aircraft,
    "caltech101": caltech101,
}
