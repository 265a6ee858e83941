"""The stages of a model that a batch passes, as one or several processes train them."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from worker.compilation import Compiled, Forward
from worker.together import Together


class Network:
    """A model on its way through some stages. Of several processes, each gets the mean of all gradients."""

    def __init__(self, model: nn.Module, stages: Sequence[str], together: Together, forward: Forward) -> None:
        self._own = _Stages(model, stages, forward)
        self._everybodys = self._own if together.is_alone else DistributedDataParallel(self._own)

    def logits(self, inputs: torch.Tensor, *, completes: bool) -> torch.Tensor:  # (batch, classes)
        """Send a part of a batch through.

        Only with the part that `completes` the batch do the processes wait for one another: its backward pass averages
        all gradients that have gathered. What a pass before it does, no other process sees.
        """
        self._own.prepare(inputs)
        network = self._everybodys if completes else self._own
        logits: torch.Tensor = network(inputs)
        return logits


class _Stages(nn.Module):
    def __init__(self, model: nn.Module, stages: Sequence[str], forward: Forward) -> None:
        super().__init__()
        self.model, self._stages, self._forward = model, stages, forward

    def prepare(self, inputs: torch.Tensor) -> None:
        """Compile before DistributedDataParallel sees the inputs: in its midst torch would cut the graph in pieces."""
        if isinstance(self._forward, Compiled):
            self._forward.prepare(self.model, self._stages, inputs)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self._forward(self.model, self._stages, inputs)
