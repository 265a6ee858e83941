"""The torchvision ResNets, with a last layer for the data set's labels, and frozen as far as is asked."""

import torch
from torch import nn
from torch.nn import functional

from podium.trainer import Training
from worker.stages import frozen_stages, modules_of
from worker.weights import model_with_weights


def build_model(training: Training, classes: int) -> nn.Module:
    """Return the model, in the memory layout in which convolutions are fastest. Raises UnusableSettings."""
    model = model_with_weights(training.model, training.weights)
    fc = model.get_submodule("fc")
    assert isinstance(fc, nn.Linear)
    model.add_module("fc", _DroppingLinear(fc.in_features, classes, dropout=training.dropout))
    for module in modules_of(model, frozen_stages(training.trainable)):
        module.requires_grad_(False)
    _spare_padding(model)
    return model.to(memory_format=torch.channels_last)


def set_training_mode(model: nn.Module) -> None:
    """Let what is trained adapt, and nothing else: frozen BatchNorm keeps the statistics that it came with."""
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        module.training = not own or any(parameter.requires_grad for parameter in own)


class _DroppingLinear(nn.Linear):
    """A last layer that, while it trains, drops a share of its inputs. Its weights have the names of a plain one."""

    def __init__(self, features: int, classes: int, *, dropout: float) -> None:
        super().__init__(features, classes)
        self._dropout = dropout

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's own name for it
        return super().forward(functional.dropout(input, self._dropout, training=self.training))


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
