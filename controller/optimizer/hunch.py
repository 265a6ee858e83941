"""Where the user believes that good configurations lie: it weighs what is promising, less with every trial.

The expected improvement is multiplied by the prior density to the power of BETA / trials (Hvarfner et al. 2022, piBO,
eq. 6): a good hint is followed early, and a wrong one is forgotten.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import truncnorm

from controller.experiment import Problem
from controller.optimizer.kernel import DIFFERENT
from controller.space import SWITCHED_OFF, Space

Floats = NDArray[np.float64]

BETA = 10.0
BELIEVED = 0.5
"""Share of the start that takes the category believed in."""
UNLIKELY = 3.0
"""Standard deviations that another category than the believed one is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunch:
    """A normal density around a place in the unit cube; where nothing is believed, the spread is infinite."""

    center: Floats  # (dimensions,)
    spread: Floats  # (dimensions,)
    is_categorical: NDArray[np.bool_]  # (dimensions,)
    space: Space

    def log_weight(self, units: Floats, trials: int) -> Floats:
        """Return the logarithm of the factor of each configuration's expected improvement, at most 0.  # (m,)"""
        return np.asarray(-0.5 * BETA / max(trials, 1) * (self._away(units) ** 2).sum(axis=1))

    def log_weight_gradient(self, units: Floats, trials: int) -> Floats:
        """Return its gradient by the parameters; along a categorical coordinate it is 0.  # (m, dimensions)"""
        slope = np.where(self.is_categorical, 0.0, self._away(units) / self.spread)
        return -BETA / max(trials, 1) * slope

    def bent(self, units: Floats) -> Floats:
        """Return evenly spread points, every other one of which was moved so that they follow the density.

        The rest stay, should the hints be wrong.  # (n, dimensions) -> (n, dimensions)
        """
        whole, units = units.copy(), units[::2]
        bent = units.copy()
        for column in np.flatnonzero(np.isfinite(self.spread)):
            center, spread = self.center[column], self.spread[column]
            if self.is_categorical[column]:
                rest = (units[:, column] - BELIEVED) / (1 - BELIEVED)
                bent[:, column] = np.where(units[:, column] < BELIEVED, center, rest)
            else:
                low, high = -center / spread, (1 - center) / spread
                bent[:, column] = truncnorm.ppf(units[:, column], low, high, loc=center, scale=spread)
        whole[::2] = np.clip(bent, 0.0, 1.0)
        return whole

    def _away(self, units: Floats) -> Floats:
        differs = (np.abs(units - self.center) > DIFFERENT) * np.where(np.isfinite(self.spread), UNLIKELY, 0.0)
        away = np.where(self.is_categorical, differs, (units - self.center) / self.spread)
        return np.where(self.space.is_on(units), away, 0.0)


def hunch_of(problem: Problem, space: Space) -> Hunch | None:
    """Return what the hints of the parameters say together; None without hints."""
    hints = {name: parameter.hint for name, parameter in problem.parameters.items() if parameter.hint is not None}
    if not hints:
        return None
    places = {name: space.place(name, hint.value) for name, hint in hints.items()}
    return Hunch(
        center=np.array([places.get(name, SWITCHED_OFF) for name in space.names]),
        spread=np.array([hints[name].spread if name in hints else np.inf for name in space.names]),
        is_categorical=np.array(space.is_categorical),
        space=space,
    )
