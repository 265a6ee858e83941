"""What examples/fashion/prepare.py makes of Fashion-MNIST's files, on forty images."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import FashionMNIST

from examples.fashion import prepare

LABELS = [number % 10 for number in range(40)]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root into which the package's files were unpacked: image n is all grey n."""
    packaged = tmp_path / "packaged"
    packaged.mkdir()
    pixels = np.repeat(np.arange(40, dtype=np.uint8), 28 * 28).tobytes()
    for part in ("train", "t10k"):
        for name, content in (
            ("images-idx3", struct.pack(">IIII", 2051, 40, 28, 28) + pixels),
            ("labels-idx1", struct.pack(">II", 2049, 40) + bytes(LABELS)),
        ):
            (packaged / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(prepare, "PACKAGED", packaged)
    prepare.unpack(tmp_path / "root")
    return tmp_path / "root"


def test_the_labels_are_shared_out_between_weights_and_experiments() -> None:
    assert sorted((*prepare.PRETRAINED_ON, *prepare.TOLD_APART)) == sorted(FashionMNIST.classes)


def test_the_first_images_of_each_label_become_files(root: Path) -> None:
    images = FashionMNIST(str(root), train=True)
    prepare.write_folder(images, prepare.TOLD_APART, root / "tops", each=3)
    files = sorted(path.relative_to(root / "tops").as_posix() for path in (root / "tops").rglob("*.png"))
    assert files == sorted(
        f"{name}/{label + 10 * turn:05}.png"
        for name, label in (("t-shirt-top", 0), ("pullover", 2), ("dress", 3), ("coat", 4), ("shirt", 6))
        for turn in range(3)
    )
    for file in files:
        with Image.open(root / "tops" / file) as image:
            assert (image.size, image.getextrema()) == ((28, 28), (int(Path(file).stem), int(Path(file).stem)))


def test_what_weights_are_trained_on_is_in_no_experiment(root: Path) -> None:
    images = FashionMNIST(str(root), train=True)
    for labels, name in ((prepare.PRETRAINED_ON, "pretraining"), (prepare.TOLD_APART, "tops")):
        prepare.write_folder(images, labels, root / name, each=4)
    pretraining, tops = ({path.name for path in (root / name).rglob("*.png")} for name in ("pretraining", "tops"))
    assert len(pretraining) == len(tops) == 20
    assert not pretraining & tops
