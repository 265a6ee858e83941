"""How one trial is trained: each setting may be fixed under `training` or tuned under `parameters`, by the same name.

A field of `Recipe` is both: what `training` accepts, and what a parameter of that name may range over.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from podium.contract import Contract


class Recipe(Contract):
    """The settings of one training. Those that another setting switches off have no effect, and are no fault."""

    model_config = ConfigDict(strict=True)

    trainable: Literal["head", "layer4", "layer3", "layer2", "layer1", "all"] = "all"
    """The first layer that is trained, and all after it; `head` is the last layer alone, a feature extractor."""
    image_size: Annotated[int, Field(ge=32, le=1024)] = 224
    """Pixels along each side."""
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 64

    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: Annotated[float, Field(gt=0, le=100)] = 0.1
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 1e-4
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """With `sgd` alone, as `nesterov`."""
    nesterov: bool = False

    lr_schedule: Literal["plateau", "cosine", "step"] = "plateau"
    # lr_decay excludes 0 and 1: the first would zero the learning rate, the second never decay it.
    lr_decay: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """By what `plateau` and `step` multiply the learning rate; `cosine` needs none."""
    lr_patience: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Epochs without a better validation loss before `plateau` decays."""
    lr_step_epochs: Annotated[int, Field(ge=1, le=10_000)] = 30
    """Epochs between two decays of `step`."""
    warmup_epochs: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Epochs in which the learning rate rises linearly to its value."""

    augmentation: Literal["none", "flip", "randaugment", "trivialaugment"] = "none"
    """All but `none` flip images left to right, too."""
    augmentation_magnitude: Annotated[int, Field(ge=0, le=30)] = 9
    """Of `randaugment`; the others have none."""
    augmented_views: Annotated[int, Field(ge=0, le=100)] = 0
    """In how many ways an image is changed, in turn and alike in all trials; 0 for a new way in each epoch.

    With a fixed number, what frozen layers make of the images is computed once.
    """
    random_erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the images of which a rectangle is erased."""
    mixup: Annotated[float, Field(ge=0, le=10)] = 0.0
    """The alpha of the Beta distribution from which two images' weights are drawn; 0 mixes none."""
    cutmix: Annotated[float, Field(ge=0, le=10)] = 0.0
    """As `mixup`, for the area of the rectangle that is pasted. With both, each batch is mixed in one of the ways."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the inputs of the last layer that is dropped while training."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Of the moving average of the weights, by step, that is validated in place of the weights; 0 for none."""


class Kind(StrEnum):
    REAL = "real"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """What a setting may be."""

    kind: Kind
    allowed: str
    """In words."""
    accepts: TypeAdapter[object]

    def is_allowed(self, value: object) -> bool:
        try:
            self.accepts.validate_python(value, strict=True)
        except ValidationError:
            return False
        return True


def _hyperparameter(field: FieldInfo) -> Hyperparameter:
    annotation: Any = field.annotation  # a type or a special form: typing has no type for both
    constrained: Any = Annotated[(annotation, *field.metadata)] if field.metadata else annotation
    kind, allowed = _described(annotation, field.metadata)
    return Hyperparameter(kind=kind, allowed=allowed, accepts=TypeAdapter(constrained))


def _described(annotation: object, bounds: list[object]) -> tuple[Kind, str]:
    if get_origin(annotation) is Literal:
        return Kind.CHOICE, "one of " + ", ".join(get_args(annotation))
    if annotation is bool:
        return Kind.BOOLEAN, "true or false"
    kind = Kind.INTEGER if annotation is int else Kind.REAL
    return kind, f"{kind} in {_interval(bounds)}"


def _interval(bounds: list[object]) -> str:
    low = next(each for each in bounds if isinstance(each, Gt | Ge))
    high = next(each for each in bounds if isinstance(each, Lt | Le))
    left = f"({low.gt}" if isinstance(low, Gt) else f"[{low.ge}"
    right = f"{high.lt})" if isinstance(high, Lt) else f"{high.le}]"
    return f"{left}, {right}"


HYPERPARAMETERS: Mapping[str, Hyperparameter] = types.MappingProxyType(
    {name: _hyperparameter(field) for name, field in Recipe.model_fields.items()}
)
