"""A ResNet as the stages that an image passes in turn, so that training can begin behind those that are frozen.

He et al. 2016, table 1. Frozen BatchNorm normalizes with statistics that do not change, so that what frozen stages make
of an image is the same in every epoch.
"""

from collections.abc import Sequence

import torch
from torch import nn

STAGES = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "flatten", "fc")
FIRST_TRAINED = {"all": "conv1", "head": "fc"}


def frozen_stages(trainable: str) -> Sequence[str]:
    """Return the stages before the first that is trained."""
    return STAGES[: STAGES.index(FIRST_TRAINED.get(trainable, trainable))]


def trained_stages(trainable: str) -> Sequence[str]:
    return STAGES[len(frozen_stages(trainable)) :]


def modules_of(model: nn.Module, stages: Sequence[str]) -> Sequence[nn.Module]:
    return [model.get_submodule(stage) for stage in stages if stage != "flatten"]


def through(model: nn.Module, stages: Sequence[str], values: torch.Tensor) -> torch.Tensor:
    """Send what the stages before have made through these; all of them are what the model itself does."""
    for stage in stages:
        values = values.flatten(1) if stage == "flatten" else model.get_submodule(stage)(values)
    return values
