"""Several objectives as one: another mixture for each question, so that the answers lie along the whole Pareto front.

The augmented Tchebycheff function with random weights (Knowles 2006, ParEGO, eqs. 1 and 2): its minima reach every part
of a front, convex or not. Objectives are compared after each was warped, so that their units do not matter.
"""

import numpy as np
from numpy.typing import NDArray

from controller.experiment import History, Problem
from controller.optimizer.warp import warp_of

Floats = NDArray[np.float64]

AUGMENTED = 0.05
"""Weight of the sum beside the maximum: of two that are level in the worst, the one better in the rest wins."""
MIXTURES = 16
"""Different weights, taken in turn: what was learned for one serves again."""


def weights_of(problem: Problem, history: History) -> Floats:
    """Return this question's weights, which sum to 1.  # (objectives,)"""
    count = 1 + len(problem.other_goals)
    draws = np.random.default_rng([problem.seed, count]).dirichlet(np.ones(count), size=MIXTURES)
    turn = len({run.trial for runs in (history.observations, history.in_flight) for run in runs})
    return np.asarray(draws[turn % MIXTURES])


def scalarized(losses: Floats, weights: Floats, first: int) -> Floats:
    """Return one loss for each run; NaN where one of its objectives is missing.  # (objectives, n) -> (n,)

    The objectives' warps are those of the `first` runs: what was learned from these stays true while others come.
    """
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(losses).all(axis=0))
    one = np.full(losses.shape[1], np.nan)
    if whole.any():
        known = max(int(whole[:first].sum()), 1)
        rows = np.compress(whole, losses, axis=1)
        warped = np.array([warp_of(each[:known]).apply(each) for each in rows])
        weighed = weights[:, None] * (warped - warped[:, :known].min(axis=1, keepdims=True))
        one[whole] = weighed.max(axis=0) + AUGMENTED * weighed.sum(axis=0)
    return one
