"""The map between what a run reports and what the Gaussian process learns from."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAD_TO_STD = 1.4826
"""Of a normal distribution: standard deviation over median absolute deviation."""
LARGEST = 1e100
"""A diverged run may report anything finite; beyond this it says no more, and squares stay finite."""

LEAST_SPREAD = 1e-150
"""Below this, the distance of the largest loss in spreads would overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """The map from losses to targets, standardized: linear about the median, logarithmic far from it.

    The inverse hyperbolic sine of the distance from the median in robust standard deviations. Outliers lose their
    leverage, and as the search gathers runs near the best, so does the map's finest part.
    """

    center: float
    spread: float
    mean: float
    std: float

    def apply(self, losses: Floats) -> Floats:
        return (_bend(losses, self.center, self.spread) - self.mean) / self.std

    def slope(self, targets: Floats) -> Floats:
        """Return by how much a loss changes with a target, there.  # (n,) -> (n,)"""
        return np.asarray(self.spread * self.std * np.cosh(np.clip(targets * self.std + self.mean, -230.0, 230.0)))

    def undo(self, target: float) -> float:
        return self.center + self.spread * math.sinh(min(max(target * self.std + self.mean, -230.0), 230.0))


def warp_of(losses: Floats) -> Warp:
    """Return the warp that fits these losses. One serves all fidelities; a constant is allowed."""
    kept = np.clip(losses, -LARGEST, LARGEST)
    center = float(np.median(kept))
    away = np.abs(kept - center)
    spread = MAD_TO_STD * float(np.median(away)) or float(away.mean()) or 1.0  # half of the runs may share one value
    spread = max(spread, LEAST_SPREAD)
    bent = _bend(kept, center, spread)
    return Warp(center=center, spread=spread, mean=float(bent.mean()), std=float(bent.std()) or 1.0)


def _bend(losses: Floats, center: float, spread: float) -> Floats:
    return np.asarray(np.arcsinh((np.clip(losses, -LARGEST, LARGEST) - center) / spread))
