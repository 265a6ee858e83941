"""The new configurations that promise most at full fidelity.

A wide draw, rounds of small moves around the best of it, then a climb along the gradient, which is what finds the last
digits. Everything is snapped to configurations that can be trained before it is judged, and what the model has not seen
enough to speak of is left out (`reach`).
"""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from controller.optimizer.evidence import Belief
from controller.optimizer.process import with_z
from controller.optimizer.reach import beyond_reach
from controller.space import Space

Floats = NDArray[np.float64]

SAMPLED = 256
GRID = 1024
"""Up to this many configurations, a finite space is judged whole."""
KEPT = 8
CENTERS = 20
WIDE = 0.15
NEIGHBORS = 12
REFINED = (0.08, 0.03)
"""Standard deviations of the moves around the most promising candidates, one round each."""
STARTS = 4
APART = 0.05
"""Starts of the climb differ by this in some coordinate: else they would find the same summit."""
STEPS = 25


@dataclass(frozen=True, kw_only=True)
class Search:
    """Where to look: what is new in this space, in the light of a belief."""

    space: Space
    belief: Belief
    tried: Set[bytes]
    is_bold: bool
    """Whether it looks beyond the reach of what was tried: where that costs a short run, not a full training."""

    def most_promising(self, rng: np.random.Generator) -> Floats:
        """Return untried points, the most promising first; none when all were tried.  # (up to KEPT, dimensions)"""
        space = self.space
        if space.size <= GRID:
            return self._best_of(space.grid(GRID))
        around = space.neighbors(self._centers(rng), scale=WIDE, rng=rng)
        best = self._best_of(np.vstack([space.sobol(SAMPLED, rng), around]))
        for scale in REFINED:
            if not len(best):
                return best
            moved = space.neighbors(np.repeat(best, NEIGHBORS, axis=0), scale=scale, rng=rng)
            best = self._best_of(np.vstack([best, moved]))
        return self._best_of(np.vstack([best, space.snap(self._climbed(best))]))

    def _best_of(self, units: Floats) -> Floats:
        untried = self._nearest(self.space.untried(units, self.tried))
        return untried[np.argsort(-self.belief.judged(untried).log_gain, kind="stable")[:KEPT]]

    def _nearest(self, units: Floats) -> Floats:
        """Return the points within reach of a row, or else the nearest; all of them while no two rows differ."""
        data = self.belief.posterior.data
        if self.is_bold or not len(units) or not data.targets.any():
            return units
        beyond = beyond_reach(units, data.inputs[:, :-1], self.space)
        return np.asarray(units[beyond <= beyond.min()])

    def _centers(self, rng: np.random.Generator) -> Floats:
        """Return points near which to look: the rows expected to be best at full fidelity, some of them many times."""
        posterior = self.belief.posterior
        units = posterior.data.inputs[:, :-1]
        mean, _ = posterior.predict(with_z(units, 0.0))
        best = units[np.argsort(mean, kind="stable")[:CENTERS]]
        return np.asarray(best[rng.integers(0, len(best), SAMPLED)])

    def _climbed(self, units: Floats) -> Floats:
        """Return the summits above some of these points, all climbed at once; categories stay."""
        starts = _apart(units)
        fixed = np.tile(self.space.is_categorical, len(starts))
        flat = starts.ravel()

        def descend(place: Floats) -> tuple[float, Floats]:
            gains, gradient = self.belief.log_gain_gradient(place.reshape(starts.shape))
            return -float(gains.sum()), -gradient.ravel()

        bounds = Bounds(np.where(fixed, flat, 0.0), np.where(fixed, flat, 1.0))
        found = minimize(descend, flat, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS})
        return np.asarray(found.x.reshape(starts.shape))


def _apart(units: Floats) -> Floats:
    """Return the first points of which no two are close.  # (n, dimensions) -> (starts, dimensions)"""
    kept: list[Floats] = []
    for point in units:
        if len(kept) < STARTS and all(np.abs(point - other).max() > APART for other in kept):
            kept.append(point)
    return np.array(kept)
