"""torchvision's image classification sets, from where torchvision's own download would have put them.

Nothing is downloaded. A set whose images are files hands their paths over, so that they are decoded and cached as those
of any other data set are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError

from torchvision import datasets

from podium.trainer import TorchvisionSet
from worker.arrays import Arrays, Opened
from worker.decoding import Pictures
from worker.files import Files, directory
from worker.images import Part, UnusableData

Labelled = Sequence[tuple[str | Path, int]]
NOT_WHOLE = (RuntimeError, OSError, ValueError, LookupError, TypeError, EOFError, UnpicklingError, AssertionError)
"""What torchvision raises for files that are missing, cut short or of something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchvisionLayout:
    """How one set is opened."""

    opened_by: Callable[..., Opened]
    wants: str
    """What has to be below `training.data`."""
    train: Sequence[Mapping[str, object]]
    """Arguments for each of torchvision's parts that may be searched on."""
    test: Sequence[Mapping[str, object]]
    files: Callable[[Opened], Labelled] | None = None
    """None for a set that is an array."""
    train_opened_by: Callable[..., Opened] | None = None
    """For a set whose own class reads files of the test part too."""


def torchvision_set(name: TorchvisionSet, root: str, part: Part) -> Pictures:
    """Open one part of a set. Raises UnusableData, with what to put where."""
    layout, path = LAYOUTS[name], directory(root)
    arguments, opened_by = layout.test, layout.opened_by
    if part == "train":
        arguments, opened_by = layout.train, layout.train_opened_by or layout.opened_by
    try:
        opened = [opened_by(root=str(path), download=False, **given) for given in arguments]
        if layout.files is None:
            return Arrays(opened[0], _classes(opened[0]) or [str(digit) for digit in range(10)])
        found = [(Path(file), int(label)) for each in opened for file, label in layout.files(each)]
        if not found:
            raise ValueError("it lists no image")
    except NOT_WHOLE as error:
        reason = str(error).split(". You can use")[0] or type(error).__name__
        raise UnusableData(
            f"{root} does not hold {name} as torchvision reads it ({reason}); put {layout.wants} there: "
            "nothing is downloaded"
        ) from None
    return Files(path, found, _classes(opened[0]) or [str(label) for label in range(1 + max(n for _, n in found))])


def _classes(opened: Opened) -> list[str]:
    """Return the names of the labels; none where torchvision knows none."""
    return [str(name) for name in getattr(opened, "classes", None) or getattr(opened, "categories", [])]


def _loaded(opened: Opened) -> Labelled:
    return [opened[position] for position in range(len(opened))]  # its loader returns the path as it is


def _samples(opened: Opened) -> Labelled:
    return list(opened._samples)


def _pets(opened: Opened) -> Labelled:
    return list(zip(opened._images, opened._labels, strict=True))


def _caltech(opened: Opened) -> Labelled:
    folder = Path(opened.root, "101_ObjectCategories")
    numbered = zip(opened.index, opened.y, strict=True)
    return [(folder / opened.categories[label] / f"image_{number:04}.jpg", label) for number, label in numbered]


def _blind_to_test(opened_by: type) -> type:
    """Return a class that checks the digests of the files that it opens, and of none of the test part's."""
    return type(opened_by.__name__, (opened_by,), {"test_list": []})


CIFAR10, CIFAR100, STL10 = map(_blind_to_test, (datasets.CIFAR10, datasets.CIFAR100, datasets.STL10))


def _flagged(opened_by: Callable[..., Opened], wants: str) -> TorchvisionLayout:
    return TorchvisionLayout(opened_by=opened_by, wants=wants, train=[{"train": True}], test=[{"train": False}])


def _idx(opened_by: Callable[..., Opened], folder: str) -> TorchvisionLayout:
    names = (f"{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1"))
    return _flagged(opened_by, f"{', '.join(names)}, unpacked, into {folder}/raw/")


def _split(opened_by: Callable[..., Opened], wants: str) -> TorchvisionLayout:
    return TorchvisionLayout(opened_by=opened_by, wants=wants, train=[{"split": "train"}], test=[{"split": "test"}])


def _files(opened_by: Callable[..., Opened], wants: str, *train: str) -> TorchvisionLayout:
    """Describe a set of files with a test part and one or more others, which torchvision opens with a loader."""
    parts = [{"split": split, "loader": str} for split in (*train, "test")]
    return TorchvisionLayout(opened_by=opened_by, wants=wants, train=parts[:-1], test=parts[-1:], files=_loaded)


LAYOUTS: Mapping[TorchvisionSet, TorchvisionLayout] = {
    "mnist": _idx(datasets.MNIST, "MNIST"),
    "fashion_mnist": _idx(datasets.FashionMNIST, "FashionMNIST"),
    "kmnist": _idx(datasets.KMNIST, "KMNIST"),
    "cifar10": replace(_flagged(datasets.CIFAR10, "cifar-10-batches-py/"), train_opened_by=CIFAR10),
    "cifar100": replace(_flagged(datasets.CIFAR100, "cifar-100-python/"), train_opened_by=CIFAR100),
    "svhn": _split(datasets.SVHN, "train_32x32.mat (test_32x32.mat for the test part)"),
    "stl10": replace(_split(datasets.STL10, "stl10_binary/"), train_opened_by=STL10),
    "flowers102": _files(datasets.Flowers102, "flowers-102/ with jpg/, setid.mat and imagelabels.mat", "train", "val"),
    "food101": _files(datasets.Food101, "food-101/images/ and food-101/meta/", "train"),
    "dtd": _files(datasets.DTD, "dtd/dtd/images/ and dtd/dtd/labels/", "train", "val"),
    "fgvc_aircraft": _files(datasets.FGVCAircraft, "fgvc-aircraft-2013b/data/", "trainval"),
    "oxford_iiit_pet": TorchvisionLayout(
        opened_by=datasets.OxfordIIITPet,
        wants="oxford-iiit-pet/images/ and oxford-iiit-pet/annotations/",
        train=[{"split": "trainval"}],
        test=[{"split": "test"}],
        files=_pets,
    ),
    "gtsrb": TorchvisionLayout(
        opened_by=datasets.GTSRB,
        wants="gtsrb/GTSRB/Training/ (gtsrb/GTSRB/Final_Test/ and gtsrb/GT-final_test.csv for the test part)",
        train=[{"split": "train"}],
        test=[{"split": "test"}],
        files=_samples,
    ),
    "eurosat": TorchvisionLayout(
        opened_by=datasets.EuroSAT, wants="eurosat/2750/", train=[{"loader": str}], test=[], files=_loaded
    ),
    "caltech101": TorchvisionLayout(
        opened_by=datasets.Caltech101, wants="caltech101/101_ObjectCategories/", train=[{}], test=[], files=_caltech
    ),
}
