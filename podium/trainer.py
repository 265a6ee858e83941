"""What the built-in trainer understands, so that a wrong spec is refused before a worker starts."""

from typing import Literal, Self

from pydantic import field_validator, model_validator

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


class Training(Recipe):
    """What the built-in trainer trains: a torchvision ResNet on images; how, says the recipe."""

    dataset: Literal["digits", "image_folder"]
    data: str | None = None
    """Directory of an image_folder data set, as the workers see it: one folder of images per label."""
    model: Model = "resnet18"
    weights: str = "none"
    """`none` (random), `imagenet` (torchvision's), or the path or URL of a state dict, whose last layer is replaced."""

    @model_validator(mode="after")
    def _data_belongs_to_image_folder(self) -> Self:
        if self.dataset == "image_folder" and not self.data:
            raise ValueError("`data` must name the directory of the image_folder data set")
        if self.dataset == "digits" and self.data:
            raise ValueError("`data` is for image_folder; digits ships with scikit-learn")
        return self

    @field_validator("weights")
    @classmethod
    def _weights_are_known_or_a_file(cls, weights: str) -> str:
        if weights not in ("none", "imagenet") and not {"/", "."} & set(weights):
            raise ValueError("`weights` must be none, imagenet, or the path or URL of a state dict")
        return weights
