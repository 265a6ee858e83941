"""The Pareto front: the trials that no other beats in one objective without losing in another."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from controller.experiment import Goal

Floats = NDArray[np.float64]


def on_the_front(metrics: Sequence[Mapping[str, float] | None], goals: Sequence[Goal]) -> list[int]:
    """Return which of these are not dominated, in their order. One that lacks an objective is not on the front.

    Of several that are equal in everything the first is.
    """
    rows = [[goal.sign * (each or {}).get(goal.metric, np.nan) for goal in goals] for each in metrics]
    losses = np.array(rows, dtype=float).reshape(-1, len(goals))
    whole = np.flatnonzero(np.isfinite(losses).all(axis=1)).tolist()
    return [row for row in whole if not _is_dominated(row, losses)]


def _is_dominated(row: int, losses: Floats) -> bool:
    no_worse = (losses <= losses[row]).all(axis=1)
    better = (losses < losses[row]).any(axis=1) | (np.arange(len(losses)) < row)
    return bool((no_worse & better).any())
