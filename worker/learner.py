"""What is trained and everything that it takes to continue, as bytes.

Reading uses torch's `weights_only`: tensors, numbers, strings and containers of them. A checkpoint that someone else
may have written cannot run code in a worker.
"""

import io
from dataclasses import asdict, dataclass
from pickle import UnpicklingError

import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau

from podium.trainer import Training
from worker.model import build_model
from worker.seeding import random_states, restore_random_states
from worker.tally import Tally

MISFITS = (RuntimeError, UnpicklingError, EOFError, LookupError, ValueError, TypeError, AttributeError, AssertionError)
"""What reading raises when the bytes are no checkpoint, or one of something else."""


class UnusableCheckpoint(Exception):
    """The bytes are not a checkpoint of this model; the message says how they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    model: nn.Module
    optimizer: SGD
    scheduler: ReduceLROnPlateau
    device: torch.device

    def to_bytes(self, epoch: int, midway: Tally | None = None) -> bytes:
        """Return weights, optimizer, scheduler and the states of all random generators.

        They are those after an epoch, or `midway` through it, with what it has trained.
        """
        buffer = io.BytesIO()
        state = {
            "epoch": epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": random_states(),
        }
        if midway is not None:
            state["midway"] = asdict(midway)
        torch.save(state, buffer)
        return buffer.getvalue()

    def restore(self, data: bytes) -> Tally:
        """Continue from what `to_bytes` returned, and return what is trained of the next epoch.

        Raises UnusableCheckpoint.
        """
        try:
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.scheduler.load_state_dict(state["scheduler"])
            restore_random_states(state["random"])
            return Tally(**state.get("midway", {}))
        except MISFITS as error:
            first_line = next(iter(str(error).splitlines()), type(error).__name__)
            raise UnusableCheckpoint(f"the checkpoint does not fit this trainer: {first_line}") from error


def build_learner(training: Training, classes: int, device: torch.device) -> Learner:
    """Return an untrained learner. Its weights come from torch's global generator: seed it before."""
    model = build_model(training, classes).to(device)
    optimizer = SGD(
        [parameter for parameter in model.parameters() if parameter.requires_grad],
        lr=training.learning_rate,
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        nesterov=training.nesterov,
        fused=True,  # one pass over the weights instead of one for each term: a third of the time, on a CPU too
    )
    scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=training.lr_decay, patience=training.lr_patience)
    return Learner(model=model, optimizer=optimizer, scheduler=scheduler, device=device)
