"""The torchvision ResNets, with a last layer for the data set's labels."""

from urllib.error import URLError

import torch
from torch import nn
from torch.nn import functional
from torchvision import models

from podium.trainer import Training
from worker.settings import UnusableSettings


def build_model(training: Training, classes: int) -> nn.Module:
    """Return the model, in the memory layout in which convolutions are fastest. Raises UnusableSettings.

    Weights that are not random are downloaded once, into torch's cache.
    """
    weights = "IMAGENET1K_V1" if training.weights == "imagenet" else None
    try:
        model = models.get_model(training.model, weights=weights)
    except (URLError, TimeoutError) as error:
        raise UnusableSettings(
            f"the ImageNet weights of {training.model} could not be downloaded ({error}); "
            "give this machine access, or put them into torch's cache (TORCH_HOME)"
        ) from None
    if training.trainable == "head":
        model.requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, classes)
    _spare_padding(model)
    model.to(memory_format=torch.channels_last)
    assert isinstance(model, nn.Module)  # get_model is untyped
    return model


def set_training_mode(model: nn.Module) -> None:
    """Let what is trained adapt, and nothing else: frozen BatchNorm keeps the statistics that it came with."""
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        module.training = not own or any(parameter.requires_grad for parameter in own)


class _SparingConv2d(nn.Conv2d):
    """A 3 x 3 convolution, padded by 1, that skips the padding where its result is one pixel.

    At 32 pixels the last stage of a ResNet is like that: 5 or 8 of 9 products would be with zeros.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's own name for it
        height, width = input.shape[-2:]
        if max(height, width) > self.stride[0]:
            return super().forward(input)
        window = self.weight[:, :, 1 : 1 + height, 1 : 1 + width]  # (channels out, channels in, height, width)
        return functional.linear(input.flatten(1), window.flatten(1))[:, :, None, None]


def _spare_padding(model: nn.Module) -> None:
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d) and _is_plain_3x3(child):
                stride = child.stride[0]
                sparing = _SparingConv2d(child.in_channels, child.out_channels, 3, stride=stride, padding=1, bias=False)
                sparing.weight = child.weight
                setattr(module, name, sparing)


def _is_plain_3x3(convolution: nn.Conv2d) -> bool:
    is_plain = convolution.groups == 1 and convolution.dilation == (1, 1) and convolution.bias is None
    return is_plain and convolution.kernel_size == (3, 3) and convolution.padding == (1, 1)
