"""The stages of a model that a batch passes, as one or several processes train them."""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from worker.stages import through
from worker.together import Together


class Network:
    """A model on its way through some stages. Of several processes, each gets the mean of all gradients."""

    def __init__(self, model: nn.Module, stages: Sequence[str], together: Together) -> None:
        self._own = _Stages(model, stages)
        self._everybodys = self._own if together.is_alone else DistributedDataParallel(self._own)

    def logits(self, inputs: torch.Tensor, *, completes: bool) -> torch.Tensor:  # (batch, classes)
        """Send a part of a batch through.

        Only with the part that `completes` the batch do the processes wait for one another: its backward pass averages
        all gradients that have gathered. What a pass before it does, no other process sees.
        """
        network = self._everybodys if completes else self._own
        logits: torch.Tensor = network(inputs)
        return logits


class _Stages(nn.Module):
    def __init__(self, model: nn.Module, stages: Sequence[str]) -> None:
        super().__init__()
        self.model, self._stages = model, stages

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return through(self.model, self._stages, inputs)
