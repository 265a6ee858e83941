"""The steps of a training, compiled by torch where it can, and as they are where it cannot.

A function is compiled, not the model: its weights keep their names, and checkpoints know nothing of it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from podium.leaving import exit_of
from worker.stages import through
from worker.weights import first_line

Forward = Callable[[nn.Module, Sequence[str], torch.Tensor], torch.Tensor]
"""Sends values through stages of a model, as `through` does."""
_log = logging.getLogger("podium")


class Compiled:
    """A `Forward` that is compiled for each shape of its inputs, and for that alone.

    A graph for any shape would depend on the shapes before, and a training that is resumed sees others. There are few:
    an epoch's last batch is smaller than the rest.
    """

    def __init__(self) -> None:
        self._forward: Forward | None = None
        self._rehearsed: set[object] = set()
        self.is_given_up = False
        """Whether something could not be compiled."""

    def __call__(self, model: nn.Module, stages: Sequence[str], values: torch.Tensor) -> torch.Tensor:
        self.prepare(model, stages, values)
        forward = through if self.is_given_up or self._forward is None else self._forward
        return forward(model, stages, values)

    def prepare(self, model: nn.Module, stages: Sequence[str], values: torch.Tensor) -> None:
        """Compile for values of this kind, unless that was done; leave the model as it was."""
        kind = (values.shape, values.dtype, torch.is_autocast_enabled(values.device.type))
        if not self.is_given_up and kind not in self._rehearsed:
            self._rehearsed.add(kind)
            self._rehearse(model, stages, values)

    def _rehearse(self, model: nn.Module, stages: Sequence[str], values: torch.Tensor) -> None:
        """Compile both ways through the model now: the way back would fail in the midst of a step."""
        try:
            with _unchanged(model):
                self._forward = self._forward or torch.compile(through, fullgraph=True, dynamic=False)
                self._forward(model, stages, values).float().sum().backward()  # type: ignore[no-untyped-call]  # torch's
        except Exception as error:  # a compiler fails in any way, and whatever else is wrong fails again without it
            if exit_of(error) is not None:  # memory: there would be no more of it
                raise
            self.is_given_up = True
            _log.warning("podium: torch.compile does not work here, training goes on without it: %s", first_line(error))


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    """Leave statistics, gradients and random generators as they were."""
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    gradients = [(weight, weight.grad) for weight in model.parameters()]
    model.zero_grad(set_to_none=True)
    try:
        with torch.random.fork_rng():
            yield
    finally:
        for weight, gradient in gradients:
            weight.grad = gradient
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
