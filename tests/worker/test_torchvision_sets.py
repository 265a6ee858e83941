"""torchvision's sets from a local root: each is read as it lies there, and nothing is downloaded."""

from pathlib import Path
from typing import get_args

import pytest
import torch
from torchvision import datasets

from podium.trainer import TorchvisionSet
from tests.worker.opened_files import files_opened
from tests.worker.small import colors, machine, training
from tests.worker.torchvision_layouts import TEST, TRAIN, WRITERS, forget_digests
from worker.data import open_images
from worker.images import Images, Part, UnusableData

GREY = ("mnist", "fashion_mnist", "kmnist")
WITHOUT_TEST = ("eurosat", "caltech101")
NAMES = get_args(TorchvisionSet)


def opened(name: str, root: Path, part: Part = "train") -> Images:
    return open_images(training(dataset=name, data=str(root), cache="none"), machine(root / "cache"), part=part)


def seen(images: Images, name: str) -> list[int]:
    """Return the label that each image's pixels show."""
    pixels = images.pixels(torch.arange(len(images.labels)))
    return (pixels[:, 0, 9, 9] // 100).tolist() if name in GREY else colors(pixels)


@pytest.mark.parametrize("name", NAMES)
def test_every_set_is_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_digests(monkeypatch)
    (tmp_path / "root").mkdir()
    WRITERS[name](tmp_path / "root")
    train = opened(name, tmp_path / "root")
    assert len(train.classes) == {"flowers102": 102}.get(name, 10 if name in GREY or name == "svhn" else 3)
    assert sorted(train.labels.tolist()) == sorted(TRAIN)
    assert seen(train, name) == train.labels.tolist()
    if name in WITHOUT_TEST:
        with pytest.raises(UnusableData, match=f"{name} has no test part"):
            opened(name, tmp_path / "root", "test")
        return
    test = opened(name, tmp_path / "root", "test")
    assert sorted(test.labels.tolist()) == sorted(TEST)
    assert seen(test, name) == test.labels.tolist()
    assert test.identity != train.identity


@pytest.mark.parametrize("name", NAMES)
def test_a_set_that_is_not_there_says_what_to_put_where(name: str, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(UnusableData, match=rf"does not hold {name} as .* reads it \(.*\); put .* there: nothing"):
        opened(name, tmp_path)


@pytest.mark.parametrize("name", ["fashion_mnist", "cifar10"])
def test_arrays_that_are_cut_short_are_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_digests(monkeypatch)
    WRITERS[name](tmp_path)
    for file in ("FashionMNIST/raw/train-images-idx3-ubyte", "cifar-10-batches-py/data_batch_1"):
        if (tmp_path / file).exists():
            (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:500])
    with pytest.raises(UnusableData, match=f"does not hold {name} as torchvision reads it"):
        opened(name, tmp_path)


def test_a_label_out_of_range_is_refused(tmp_path: Path) -> None:
    WRITERS["fashion_mnist"](tmp_path)
    path = tmp_path / "FashionMNIST" / "raw" / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + bytes([12]))
    with pytest.raises(UnusableData, match=r"as torchvision reads it \(its labels are 0 to 12, not 0 to 9\)"):
        opened("fashion_mnist", tmp_path)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_TEST])
def test_a_search_reads_no_file_of_the_test_part(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_digests(monkeypatch)
    (tmp_path / "root").mkdir()
    WRITERS[name](tmp_path / "root")
    files = [path for path in (tmp_path / "root").rglob("*") if path.is_file()]
    tests = [path for path in files if is_of_test(path.relative_to(tmp_path).as_posix())]
    for path in tests:
        path.write_bytes(b"neither an image nor a table")
    for checked in (datasets.CIFAR10, datasets.CIFAR100, datasets.STL10):  # by digests, as the real ones
        monkeypatch.setattr(checked, "test_list", [[file, "0" * 32] for file, _ in checked.test_list])
    with files_opened() as read:
        train = opened(name, tmp_path / "root")
        assert seen(train, name) == train.labels.tolist()
    assert tests
    assert not read & set(tests)
    with pytest.raises(UnusableData):
        seen(opened(name, tmp_path / "root", "test"), name)


def is_of_test(name: str) -> bool:
    flowers = [f"image_{number:05}" for number in (7, 8, 9)]
    return any(word in name for word in ("t10k", "/test", "_test", "-test", "Final_Test", *flowers))
