"""The weights that a model starts from: torchvision's for ImageNet, or a file of one's own.

Reading a file uses torch's `weights_only`: one that someone else may have written cannot run code in a worker.
"""

import io
from collections.abc import Iterator, Mapping
from pickle import UnpicklingError

import fsspec
import torch
from torch import nn
from torchvision import models

from worker.settings import UnusableSettings

MISFITS = (RuntimeError, UnpicklingError, EOFError, LookupError, ValueError, TypeError, AttributeError, AssertionError)
"""What torch raises for bytes that are none of its files, or of something else."""
WRAPPERS = ("state_dict", "model")
"""Keys under which training scripts keep the weights beside other things."""
NAMED_AT_MOST = 3


def model_with_weights(name: str, weights: str) -> nn.Module:
    """Return torchvision's model with these weights, its last layer as they were trained. Raises UnusableSettings.

    ImageNet's weights are downloaded once, into torch's cache.
    """
    try:
        model = models.get_model(name, weights="IMAGENET1K_V1" if weights == "imagenet" else None)
    except (OSError, RuntimeError) as error:  # no network, a disk that is full or read-only, a download that is cut
        raise UnusableSettings(
            f"the ImageNet weights of {name} could not be downloaded ({error}); "
            "give this machine access, or put them into torch's cache (TORCH_HOME)"
        ) from None
    assert isinstance(model, nn.Module)  # get_model is untyped
    if weights not in ("none", "imagenet"):
        _load(model, _state_of(weights), weights)
    return model


def _state_of(url: str) -> dict[str, torch.Tensor]:
    """Read a state dict, be it wrapped, or of a model that was trained on several devices."""
    try:
        with fsspec.open(url, "rb") as file:
            content = file.read()
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own, and fsspec translates not all
        raise UnusableSettings(f"training.weights: {url} cannot be read: {error}") from None
    try:
        found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except MISFITS as error:
        raise UnusableSettings(
            f"training.weights: {url} holds nothing that torch.load(weights_only=True) reads ({first_line(error)}); "
            "save weights with torch.save(model.state_dict(), path)"
        ) from None
    for key in WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise UnusableSettings(f"training.weights: {url} holds no state dict: names and tensors are expected")
    return {name.removeprefix("module."): tensor for name, tensor in found.items()}


def _load(model: nn.Module, state: Mapping[str, torch.Tensor], url: str) -> None:
    own = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("fc.")}
    given = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    if faults := list(_differences(own, given)):
        more = f", and {len(faults) - NAMED_AT_MOST} more" if len(faults) > NAMED_AT_MOST else ""
        raise UnusableSettings(
            f"training.weights: {url} does not fit training.model: {'; '.join(faults[:NAMED_AT_MOST])}{more}"
        )
    model.load_state_dict(given, strict=False)


def _differences(own: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor]) -> Iterator[str]:
    for name, tensor in own.items():
        if name not in given:
            yield f"{name} is missing"
        elif given[name].shape != tensor.shape:
            yield f"{name} is of shape {tuple(given[name].shape)} where the model has {tuple(tensor.shape)}"
    for name in sorted(given.keys() - own.keys()):
        yield f"{name} is not in the model"


def first_line(error: Exception) -> str:
    """Return what torch says first: it goes on for pages."""
    return next(iter(str(error).splitlines()), type(error).__name__)
