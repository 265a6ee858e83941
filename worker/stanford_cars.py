"""Stanford Cars (Krause et al. 2013), in each of the arrangements that are handed around.

The devkit's: `cars_annos.mat` beside `car_ims/`, with a flag for each image that belongs to the test part. That of
the first release and of its copy on Kaggle: `cars_train/` and `cars_test/`, perhaps doubled (`cars_train/cars_train/`),
with an annotation file for each. The copy by folders: `car_data/train/` and `car_data/test/`, a sub-folder per class.
Images are not cropped to their cars: the study that this trainer repeats did not.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from worker.files import EXTENSIONS, Files, directory
from worker.image_folder import image_folder
from worker.images import Part, UnusableData

DEVKITS = ("", "devkit", "car_devkit/devkit", "car_devkit", "stanford_cars/devkit")
ROOTS = ("", "stanford_cars")
ANNOTATED: Mapping[Part, str] = {"train": "cars_train_annos.mat", "test": "cars_test_annos_withlabels.mat"}
NOT_MATLAB = (MatReadError, OSError, ValueError, TypeError, LookupError, NotImplementedError, EOFError, zlib.error)
"""What scipy raises for a file that is none of MATLAB's, and what looking into another's tables raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    path: Path
    names: Sequence[str]
    """Of files, without their folder."""
    labels: Sequence[int]
    """From 1, as MATLAB counts."""
    is_test: Sequence[bool]


def stanford_cars(root: str, part: Part, *, keep_missing: bool) -> Files:
    """Return one part of the data set. Raises UnusableData, as for a file that is annotated and missing, or neither.

    With `keep_missing`, a missing file counts as a bad image, and one without annotation is left out.
    """
    path = directory(root)
    if by_class := _first(path, (f"car_data/car_data/{part}", f"car_data/{part}", part)):
        return image_folder(str(by_class), keep_empty=keep_missing)
    annotations, images = _annotated(path, part)
    if not keep_missing:
        _refuse_mismatch(annotations, images)
    kept = [position for position, is_test in enumerate(annotations.is_test) if is_test == (part == "test")]
    found = [(images / annotations.names[position], annotations.labels[position] - 1) for position in kept]
    return Files(path, found, _classes(path))


def _annotated(root: Path, part: Part) -> tuple[Annotations, Path]:
    """Find annotations and the folder that their images are in: all of them together, or those of the part alone."""
    together, all_images = _first(root, _in(DEVKITS, "cars_annos.mat")), _first(root, _in(ROOTS, "car_ims"))
    if together and all_images:
        return _read(together), all_images
    name = f"cars_{part}"
    images = _first(root, (f"{name}/{name}", *_in(ROOTS, name)))
    wanted = ANNOTATED[part]
    file = _first(root, (*_in(DEVKITS, wanted), *_in(ROOTS, wanted)))
    if images and file:
        return _read(file, is_test=part == "test"), images
    raise UnusableData(
        f"{root} holds neither cars_annos.mat with car_ims/, nor {wanted} with {name}/, nor car_data/{part}/; "
        "put one of the three there, the first two with cars_meta.mat"
    )


def _read(path: Path, *, is_test: bool | None = None) -> Annotations:
    """Read annotations, whose images belong to one part if the file does."""
    try:
        table = np.atleast_1d(loadmat(path, squeeze_me=True)["annotations"])
        named = "relative_im_path" if is_test is None else "fname"
        tests = [bool(flag) for flag in table["test"]] if is_test is None else [is_test] * len(table)
        names = [PurePosixPath(str(name)).name for name in table[named]]
        return Annotations(path=path, names=names, labels=[int(label) for label in table["class"]], is_test=tests)
    except NOT_MATLAB as error:
        raise UnusableData(f"{path} is not the annotation file of Stanford Cars ({error}); fetch it again") from None


def _classes(root: Path) -> list[str]:
    path = _first(root, (*_in(DEVKITS, "cars_meta.mat"), *_in(DEVKITS, "cars_annos.mat")))
    if path is None:
        raise UnusableData(f"{root} lacks cars_meta.mat, which names the labels; put it beside the annotations")
    try:
        return [str(name) for name in np.atleast_1d(loadmat(path, squeeze_me=True)["class_names"])]
    except NOT_MATLAB as error:
        raise UnusableData(f"{path} names no classes ({error}); fetch it again") from None


def _refuse_mismatch(annotations: Annotations, images: Path) -> None:
    there = {path.name for path in images.iterdir() if path.suffix.lower() in EXTENSIONS}
    missing = [name for name in annotations.names if name not in there]
    unlisted = sorted(there - set(annotations.names))
    for names, how in ((missing, "listed and not there"), (unlisted, "there and not listed")):
        if names:
            others = f", and so are {len(names) - 1} more" if len(names) > 1 else ""
            raise UnusableData(
                f"{annotations.path} and {images} do not belong together: {names[0]} is {how}{others}; "
                "fetch both again, or give `on_bad_image: skip`"
            )


def _in(folders: Sequence[str], name: str) -> Iterator[str]:
    return (f"{folder}/{name}" if folder else name for folder in folders)


def _first(root: Path, names: Iterable[str]) -> Path | None:
    return next((root / name for name in names if (root / name).exists()), None)
