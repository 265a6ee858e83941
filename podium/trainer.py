"""What the built-in trainer understands, so that a wrong spec is refused before a worker starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from podium.contract import Contract

METRICS = ("val_accuracy", "val_loss", "train_accuracy", "train_loss")
"""What the trainer reports each epoch. Accuracies are shares in [0, 1], losses mean cross-entropy in nats."""


class Kind(StrEnum):
    REAL = "real"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """A setting that may be fixed under `training` or tuned under `parameters`, by the same name."""

    kind: Kind
    low: float = 0.0
    high: float = 1.0
    open_low: bool = False
    open_high: bool = False

    def allowed(self) -> str:
        """Say in words which values are allowed."""
        if self.kind is Kind.BOOLEAN:
            return "true or false"
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"{self.kind} in {left}{self.low:g}, {self.high:g}{right}"

    def is_allowed(self, value: object) -> bool:
        if self.kind is Kind.BOOLEAN or isinstance(value, bool):
            return self.kind is Kind.BOOLEAN and isinstance(value, bool)
        if not isinstance(value, int | float) or (self.kind is Kind.INTEGER and not isinstance(value, int)):
            return False
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below


# lr_decay excludes 0 and 1: the first would zero the learning rate at the first plateau, the second never decay it.
HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    "learning_rate": Hyperparameter(kind=Kind.REAL, low=0.0, high=100.0, open_low=True),
    "lr_decay": Hyperparameter(kind=Kind.REAL, low=0.0, high=1.0, open_low=True, open_high=True),
    "lr_patience": Hyperparameter(kind=Kind.INTEGER, low=0, high=10_000),
    "batch_size": Hyperparameter(kind=Kind.INTEGER, low=1, high=65_536),
    "nesterov": Hyperparameter(kind=Kind.BOOLEAN),
    "weight_decay": Hyperparameter(kind=Kind.REAL, low=0.0, high=100.0),
    "momentum": Hyperparameter(kind=Kind.REAL, low=0.0, high=1.0, open_high=True),
}

Model = Literal[
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "wide_resnet50_2",
]


class LabelAttributes(Contract):
    """What labels are made of, as make, model and year: the results then say which of it was mistaken."""

    model_config = ConfigDict(strict=True)

    pattern: Annotated[
        str | None, Field(max_length=1000, examples=[r"(?P<make>\S+) (?P<model>.+) (?P<year>\d{4})"])
    ] = None
    """A regular expression that fits a whole label; each of its named groups is an attribute."""
    csv: str | None = None
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


class Training(Contract):
    """How the built-in trainer trains: a torchvision ResNet, SGD, and ReduceLROnPlateau on the validation loss."""

    model_config = ConfigDict(strict=True)

    dataset: Literal["digits", "image_folder"]
    data: str | None = None
    """Directory of an image_folder data set, as the workers see it: one folder of images per label."""
    model: Model = "resnet18"
    weights: Literal["none", "imagenet"] = "none"
    trainable: Literal["all", "head"] = "all"
    """`head` freezes everything but the last layer: a feature extractor."""
    image_size: Annotated[int, Field(ge=32, le=1024)] = 224
    """Pixels along each side."""
    label_attributes: LabelAttributes | None = None
    """Splits the errors of a full training by what of the label was mistaken."""

    learning_rate: Annotated[float, Field(gt=0, le=100)] = 0.1
    lr_decay: Annotated[float, Field(gt=0, lt=1)] = 0.1
    lr_patience: Annotated[int, Field(ge=0, le=10_000)] = 10
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 64
    nesterov: bool = False
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 1e-4
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9

    @model_validator(mode="after")
    def _data_belongs_to_image_folder(self) -> Self:
        if self.dataset == "image_folder" and not self.data:
            raise ValueError("`data` must name the directory of the image_folder data set")
        if self.dataset == "digits" and self.data:
            raise ValueError("`data` is for image_folder; digits ships with scikit-learn")
        return self
