"""The learning rate of each step, as a factor of the trial's own.

It is laid out for the full training, so that a trial that is promoted goes on along the very curve that it would have
had: only the plateau's decays depend on what was measured, and they are kept in the checkpoint.
"""

import math

import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau

from podium.recipe import Recipe


class Schedule:
    def __init__(self, recipe: Recipe, *, full_epochs: int) -> None:
        self._recipe = recipe
        self._full_epochs = full_epochs
        # torch's own rule, applied to a learning rate of 1; no decay is too small to be made
        self._unit = SGD([torch.zeros(1)], lr=1.0)
        self._plateau = ReduceLROnPlateau(
            self._unit, mode="min", factor=recipe.lr_decay, patience=recipe.lr_patience, eps=0.0
        )

    def factor(self, epochs_trained: float) -> float:
        """Return the factor, in (0, 1], at a moment of the training that counts parts of epochs."""
        return self._warmup(epochs_trained) * self._decay(epochs_trained)

    def observe(self, validation_loss: float) -> None:
        """Note what was measured after an epoch."""
        self._plateau.step(validation_loss)

    def state_dict(self) -> dict[str, object]:
        return {"plateau": self._plateau.state_dict(), "decayed": self._decayed}

    def load_state_dict(self, state: dict[str, dict[str, object]]) -> None:
        """Continue from what `state_dict` returned. Raises KeyError or TypeError when it is something else."""
        self._plateau.load_state_dict(state["plateau"])
        self._unit.param_groups[0]["lr"] = state["decayed"]

    @property
    def _decayed(self) -> float:
        return float(self._unit.param_groups[0]["lr"])

    def _warmup(self, epochs_trained: float) -> float:
        """Rise linearly from near 0 to 1 (Goyal et al. 2017, section 2.2)."""
        warmup = self._recipe.warmup_epochs
        return min(1.0, epochs_trained / warmup) if warmup else 1.0

    def _decay(self, epochs_trained: float) -> float:
        match self._recipe.lr_schedule:
            case "plateau":
                return self._decayed
            case "cosine":  # Loshchilov and Hutter 2017, eq. 5, without restarts
                warmup = self._recipe.warmup_epochs
                share = max(0.0, epochs_trained - warmup) / (self._full_epochs - warmup)
                return (1 + math.cos(math.pi * min(1.0, share))) / 2
            case "step":
                return self._recipe.lr_decay ** math.floor(epochs_trained / self._recipe.lr_step_epochs)
