"""The price of a full training at which a move breaks even: what decides once the start has been spread.

A trial is opened like Pandora's boxes (Weitzman 1979): each rung is a look, after which it may be left alone. At the
price p of a full training, having looked at every rung is worth the expected improvement of the full run less p times
its cost, looking at one is worth the mean of what follows, where that is positive, less p times its cost, and the price
of the move is the p at which its worth is 0. Given the rows, the variance that a look leaves does not depend on what it
shows, so that the worth is an expectation over normal steps of the mean, computed by Gauss-Hermite quadrature.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.optimizer.acquisition import expected_improvement
from controller.optimizer.process import LEAST_VARIANCE, Outlook

Floats = NDArray[np.float64]

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()
BISECTIONS = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """The rungs of a trial's way to full fidelity, the next one first; the last is the full one."""

    levels: tuple[int, ...]
    costs: tuple[float, ...]
    """Full trainings that each rung takes."""


def break_even_price(outlook: Outlook, noise: Floats, climb: Climb, best: float) -> Floats:
    """Return the price of each configuration's move, in targets per full training.  # noise: (levels,) -> (m,)"""
    steps, left = _looks(outlook.covariance, noise, climb.levels[:-1])
    mean = outlook.mean
    for step in steps:
        mean = mean[..., None] + _along(step, mean.ndim)[..., None] * NODES
    gains = expected_improvement(mean, np.broadcast_to(_along(left, mean.ndim), mean.shape), best)
    whole = gains
    for _ in steps:
        whole = whole @ WEIGHTS
    low, high = np.zeros(len(whole)), whole / climb.costs[0]
    if not steps:
        return np.asarray(high)
    for _ in range(BISECTIONS):
        price = 0.5 * (low + high)
        pays = _worth(gains, price, climb.costs) > 0
        low, high = np.where(pays, price, low), np.where(pays, high, price)
    return np.asarray(low)


def _worth(gains: Floats, price: Floats, costs: Sequence[float]) -> Floats:
    """Return what a move is worth: leaves are full runs, each axis but the first is a look.  # (m, nodes, ...)"""
    worth = gains - _along(price, gains.ndim) * costs[-1]
    for cost in reversed(costs[:-1]):
        worth = np.maximum(worth, 0.0) @ WEIGHTS
        worth = worth - _along(price, worth.ndim) * cost
    return worth


def _looks(covariance: Floats, noise: Floats, levels: Sequence[int]) -> tuple[list[Floats], Floats]:
    """Return by how much each look moves the mean at full fidelity (one standard deviation), and the variance left.

    Looks come one after another, each conditioned on those before it.  # (m, levels, levels) -> [(m,)], (m,)
    """
    steps = []
    for level in levels:
        column = covariance[:, :, level]
        seen = np.maximum(covariance[:, level, level], LEAST_VARIANCE) + noise[level]
        steps.append(np.abs(column[:, -1]) / np.sqrt(seen))
        covariance = covariance - column[:, :, None] * column[:, None, :] / seen[:, None, None]
    return steps, np.maximum(covariance[:, -1, -1], LEAST_VARIANCE)


def _along(values: Floats, axes: int) -> Floats:
    """Return values of the first axis, shaped to be spread over the others.  # (m,) -> (m, 1, ...)"""
    return values.reshape(-1, *[1] * (axes - 1))
