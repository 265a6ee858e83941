"""The map between what a run reports and what the Gaussian process learns from."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SOFTENING = 0.1
LARGEST = 1e100
"""A diverged run may report anything finite; beyond this it says no more, and squares stay finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """The monotone map from losses to targets: logarithmic towards the best and in the bad tail, standardized."""

    best: float
    spread: float
    mean: float
    std: float

    def apply(self, losses: Floats) -> Floats:
        return (_bend(losses, self.best, self.spread) - self.mean) / self.std

    def undo(self, target: float) -> float:
        u = math.exp(min(target * self.std + self.mean, 5.5)) - SOFTENING
        return self.best + self.spread * (u if u <= 1 else math.exp(u - 1))


def warp_of(losses: Floats) -> Warp:
    """Return the warp that fits these losses, which are minimized. One serves all fidelities; a constant is allowed."""
    kept = np.clip(losses, -LARGEST, LARGEST)
    best = float(kept.min())
    above = kept - best
    spread = float(np.median(above)) or float(above.mean()) or 1.0  # half of the runs may share the best value
    bent = _bend(kept, best, spread)
    return Warp(best=best, spread=spread, mean=float(bent.mean()), std=float(bent.std()) or 1.0)


def _bend(losses: Floats, best: float, spread: float) -> Floats:
    u = (np.clip(losses, -LARGEST, LARGEST) - best) / spread
    u = np.where(u > 1, 1 + np.log(np.maximum(u, 1)), u)
    return np.asarray(np.log(np.maximum(u, 0.0) + SOFTENING))
