"""Stanford Cars in each arrangement that is handed around, and what is said when its parts do not belong together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from tests.worker.small import colors, machine, picture, training, write_images
from worker.data import open_images
from worker.images import Images, Part, UnusableData

NAMES = ("AM General Hummer SUV 2000", "Acura RL Sedan 2012", "BMW M3 Coupe 2012")
LABELS = (1, 1, 2, 2, 3, 3, 1, 2, 3)
TESTS = (0, 0, 0, 0, 0, 0, 1, 1, 1)


def write_mat(path: Path, named: str, names: Sequence[str], **columns: Sequence[int]) -> None:
    """Write annotations as MATLAB's struct array; one column holds file names, the others numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.zeros(len(names), dtype=[(named, object), *((column, object) for column in columns)])
    rows[named] = names
    for column, values in columns.items():
        rows[column] = values
    savemat(path, {"annotations": rows})


def write_meta(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"class_names": np.array(NAMES, dtype=object)})


def write_pictures(folder: Path, names: Sequence[str], labels: Sequence[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    for name, label in zip(names, labels, strict=True):
        picture(label - 1, generator).save(folder / name)


def devkit(root: Path) -> None:
    names = [f"{number:06}.jpg" for number in range(1, 10)]
    write_pictures(root / "car_ims", names, LABELS)
    paths = [f"car_ims/{name}" for name in names]
    write_mat(root / "cars_annos.mat", "relative_im_path", paths, bbox_x1=[1] * 9, **{"class": LABELS, "test": TESTS})
    write_meta(root / "cars_meta.mat")


def in_two_folders(root: Path, *, doubled: bool) -> None:
    for part, flag, file in (("train", 0, "cars_train_annos.mat"), ("test", 1, "cars_test_annos_withlabels.mat")):
        labels = [label for label, is_test in zip(LABELS, TESTS, strict=True) if is_test == flag]
        names = [f"{number:05}.jpg" for number in range(1, len(labels) + 1)]
        folder = root / f"cars_{part}"
        write_pictures(folder / f"cars_{part}" if doubled else folder, names, labels)
        write_mat(root / "devkit" / file, "fname", names, **{"class": labels})
    write_meta(root / "devkit" / "cars_meta.mat")


def kaggle(root: Path) -> None:
    in_two_folders(root, doubled=True)
    (root / "cars_annos.mat").write_bytes(b"its names are those of car_ims, which is not part of the copy")


def first_release(root: Path) -> None:
    in_two_folders(root / "stanford_cars", doubled=False)


def by_folder(root: Path) -> None:
    write_images(root / "car_data" / "car_data" / "train", NAMES, each=2)
    write_images(root / "car_data" / "car_data" / "test", NAMES, each=1)


def opened(root: Path, part: Part = "train", **changes: object) -> Images:
    settings = training(dataset="stanford_cars", data=str(root), **{"cache": "none", **changes})
    return open_images(settings, machine(root / "cache"), part=part)


@pytest.mark.parametrize("build", [devkit, kaggle, first_release, by_folder])
def test_every_arrangement_gives_the_same_two_parts(tmp_path: Path, build: object) -> None:
    assert callable(build)
    build(tmp_path)
    train, test = opened(tmp_path), opened(tmp_path, "test")
    assert list(train.classes) == list(test.classes) == list(NAMES)
    assert train.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert test.labels.tolist() == [0, 1, 2]
    assert colors(train.pixels(torch.arange(6))) == [0, 0, 1, 1, 2, 2]
    assert colors(test.pixels(torch.arange(3))) == [0, 1, 2]


def without_an_image(root: Path) -> None:
    devkit(root)
    (root / "car_ims" / "000002.jpg").unlink()


def with_an_image_too_many(root: Path) -> None:
    devkit(root)
    for name in ("x.jpg", "y.jpg"):
        (root / "car_ims" / name).write_bytes((root / "car_ims" / "000001.jpg").read_bytes())


def with_a_label_too_high(root: Path) -> None:
    devkit(root)
    savemat(root / "cars_meta.mat", {"class_names": np.array(NAMES[:2], dtype=object)})


def with_a_broken_annotation_file(root: Path) -> None:
    devkit(root)
    (root / "cars_annos.mat").write_bytes(b"<html>404</html>")


def without_names(root: Path) -> None:
    in_two_folders(root, doubled=True)
    (root / "devkit" / "cars_meta.mat").unlink()


def images_alone(root: Path) -> None:
    devkit(root)
    (root / "cars_annos.mat").unlink()


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            without_an_image,
            r"cars_annos\.mat and .*/car_ims do not belong together: 000002\.jpg is listed and not there",
        ),
        (with_an_image_too_many, r"together: x\.jpg is there and not listed, and so are 1 more; fetch both again"),
        (with_a_label_too_high, r"car_ims/000005\.jpg has label 2; there are 2, counted from 0"),
        (with_a_broken_annotation_file, r"cars_annos\.mat is not the annotation file of Stanford Cars \(.*\); fetch"),
        (without_names, r"lacks cars_meta\.mat, which names the labels; put it beside the annotations"),
        (images_alone, r"holds neither cars_annos\.mat with car_ims/, nor cars_train_annos\.mat with cars_train/, nor"),
    ],
)
def test_what_does_not_belong_together_is_named(tmp_path: Path, build: object, said: str) -> None:
    assert callable(build)
    build(tmp_path)
    with pytest.raises(UnusableData, match=said):
        opened(tmp_path)


def test_a_missing_image_may_be_skipped(tmp_path: Path) -> None:
    devkit(tmp_path)
    write_pictures(tmp_path / "car_ims", ["unlisted.jpg"], [1])
    (tmp_path / "car_ims" / "000003.jpg").unlink()
    images = opened(tmp_path, on_bad_image="skip")  # which leaves one Acura, and so none
    assert list(images.classes) == [NAMES[0], NAMES[2]]
    assert colors(images.pixels(torch.arange(4))) == [0, 0, 2, 2]
