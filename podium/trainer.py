"""What the built-in trainer understands, so that a wrong spec is refused before a worker starts."""

import re
from itertools import permutations
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from podium.contract import Contract
from podium.recipe import Recipe

METRICS = ("val_accuracy", "val_loss", "train_accuracy", "train_loss")
"""What the trainer reports each epoch. Accuracies are shares in [0, 1], losses mean cross-entropy in nats."""


Model = Literal[
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
]

TorchvisionSet = Literal[
    "mnist",
    "fashion_mnist",
    "kmnist",
    "cifar10",
    "cifar100",
    "svhn",
    "stl10",
    "flowers102",
    "food101",
    "oxford_iiit_pet",
    "dtd",
    "eurosat",
    "gtsrb",
    "fgvc_aircraft",
    "caltech101",
]
Dataset = Literal["digits", "image_folder", "stanford_cars", "parquet", TorchvisionSet]
WITH_TEST_DATA = ("image_folder", "parquet")
"""Data sets whose test part may be elsewhere, as `test_data`."""


class LabelAttributes(Contract):
    """What labels are made of, as make, model and year: the results then say which of it was mistaken."""

    model_config = ConfigDict(strict=True)

    pattern: Annotated[
        str | None, Field(max_length=1000, examples=[r"(?P<make>\S+) (?P<model>.+) (?P<year>\d{4})"])
    ] = None
    """A regular expression that fits a whole label; each of its named groups is an attribute."""
    csv: Annotated[str | None, Field(min_length=1)] = None
    """A file, as the workers see it: its first column is `label`, each further column an attribute."""

    @field_validator("pattern")
    @classmethod
    def _compiles_and_names_groups(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            names = re.compile(pattern).groupindex
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"not a regular expression of Python: {error}") from None
        if not names:
            raise ValueError("it names no group; write each attribute as (?P<name>...)")
        return pattern

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if bool(self.pattern) == bool(self.csv):
            raise ValueError("give either `pattern` or `csv`")
        return self


class Training(Recipe):
    """What the built-in trainer trains: a torchvision ResNet on images; how, says the recipe."""

    dataset: Dataset
    data: str | None = None
    """Where the data set is, as the workers see it: a directory, or for `parquet` also a file, a glob or a URL."""
    test_data: Annotated[str | None, Field(min_length=1)] = None
    """Where the test part of an `image_folder` or of `parquet` lies, laid out as `data`. No search opens it."""
    on_bad_image: Literal["fail", "skip"] = "fail"
    """Whether images that cannot be read, and labels of fewer than two, end the trial or are left out and counted."""
    cache: Literal["auto", "memory", "disk", "none"] = "auto"
    """Where decoded images are kept, and what frozen layers make of them (docs/training.md).

    `auto`: on the node's disk, or else in memory if a quarter of it is enough.
    """
    model: Model = "resnet18"
    weights: str = "none"
    """`none` (random), `imagenet` (torchvision's), or the path or URL of a state dict, whose last layer is replaced."""
    precision: Literal["fp32", "bf16", "auto"] = "auto"
    """In what a worker computes; `auto`: in what a few timed steps show to be the fastest on its hardware.

    A full training of fewer than 1,000 steps is not timed: it is in fp32. What was found holds for a trial, and for all
    trials where they share a folder.
    """
    micro_batch: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Images that pass the model at once; of a larger batch, parts pass one after the other, and then a step is taken.

    None for whole batches. Where an accelerator's memory does not hold them, the worker halves what passes at once.
    """
    loaders: Literal["auto"] | Annotated[int, Field(ge=0, le=64)] = "auto"
    """How many processes of a worker prepare batches ahead of its steps.

    `auto`: on a GPU one less than the worker's processors, at most 8; none where images are decoded already and not
    augmented, and none on a CPU, which the training needs itself.
    """
    compile: bool = False
    """Whether torch.compile makes the training's steps faster; it needs a compiler in the worker's image."""
    label_attributes: LabelAttributes | None = None
    """Splits the errors of a full training by what of the label was mistaken."""
    folds: Annotated[int, Field(ge=2, le=20)] | None = None
    """Of the images: each is held out once, by a training of its own, in place of a fifth of them by one training."""
    repeats: Annotated[int, Field(ge=2, le=20)] | None = None
    """Trainings on the same images, which differ by chance alone. What is reported is their mean, or that of folds."""

    @property
    def members(self) -> int:
        """How many trainings one result is the mean of."""
        return self.folds or self.repeats or 1

    @model_validator(mode="after")
    def _is_repeated_in_one_way(self) -> Self:
        if self.folds and self.repeats:
            raise ValueError("give `folds` or `repeats`, not both: each fold's training has chances of its own already")
        return self

    @model_validator(mode="after")
    def _data_belongs_to_sets_with_files(self) -> Self:
        if self.dataset == "digits" and self.data:
            raise ValueError("`data` is for data sets with files; digits ships with scikit-learn")
        if self.dataset != "digits" and not self.data:
            what = "file, directory or glob" if self.dataset == "parquet" else "directory"
            raise ValueError(f"`data` must name the {what} of the data set {self.dataset}")
        return self

    @model_validator(mode="after")
    def _test_data_lie_apart(self) -> Self:
        if self.test_data is None:
            return self
        if self.dataset not in WITH_TEST_DATA:
            raise ValueError(f"`test_data` is for {' and '.join(WITH_TEST_DATA)}, not for {self.dataset}")
        paths = [PurePosixPath(self.data or ""), PurePosixPath(self.test_data)]
        is_within = self.dataset == "image_folder" and any(path in other.parents for path, other in permutations(paths))
        if is_within or paths[0] == paths[1]:
            raise ValueError(f"`test_data` must lie apart from `data`, found {self.test_data} and {self.data}")
        return self

    def without_test_data(self) -> Self:
        """Return what the workers of a search are told: not where test data are."""
        return self.model_validate(self.model_dump(exclude_unset=True, exclude={"test_data"}))

    @field_validator("weights")
    @classmethod
    def _weights_are_known_or_a_file(cls, weights: str) -> str:
        if weights not in ("none", "imagenet") and not {"/", "."} & set(weights):
            raise ValueError("`weights` must be none, imagenet, or the path or URL of a state dict")
        return weights
