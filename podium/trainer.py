"""What the built-in trainer understands, so that a wrong spec is refused before a worker starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

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


class Training(Contract):
    """How the built-in trainer trains: a torchvision ResNet, SGD, and ReduceLROnPlateau on the validation loss."""

    model_config = ConfigDict(strict=True)

    dataset: Dataset
    data: str | None = None
    """Where the data set is, as the workers see it: a directory, or for `parquet` also a file, a glob or a URL."""
    on_bad_image: Literal["fail", "skip"] = "fail"
    """Whether images that cannot be read, and labels of fewer than two, end the trial or are left out and counted."""
    cache: Literal["auto", "memory", "disk", "none"] = "auto"
    """Where decoded images are kept. `auto`: on the node's disk, or else in memory if a quarter of it is enough."""
    model: Model = "resnet18"
    weights: Literal["none", "imagenet"] = "none"
    trainable: Literal["all", "head"] = "all"
    """`head` freezes everything but the last layer: a feature extractor."""
    image_size: Annotated[int, Field(ge=32, le=1024)] = 224
    """Pixels along each side."""

    learning_rate: Annotated[float, Field(gt=0, le=100)] = 0.1
    lr_decay: Annotated[float, Field(gt=0, lt=1)] = 0.1
    lr_patience: Annotated[int, Field(ge=0, le=10_000)] = 10
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 64
    nesterov: bool = False
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 1e-4
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9

    @model_validator(mode="after")
    def _data_belongs_to_sets_with_files(self) -> Self:
        if self.dataset == "digits" and self.data:
            raise ValueError("`data` is for data sets with files; digits ships with scikit-learn")
        if self.dataset != "digits" and not self.data:
            what = "file, directory or glob" if self.dataset == "parquet" else "directory"
            raise ValueError(f"`data` must name the {what} of the data set {self.dataset}")
        return self
