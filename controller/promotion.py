"""Which move is worth its price: a new trial at some rung, or a paused one continued to a higher rung.

Early, cost is spread over the rungs by fixed shares, so that the model learns how far each may be trusted. After that
every move has an index: the price of compute at which looking breaks even. Nothing is started that could not reach
full fidelity within what may still be spent: such a run can never yield an incumbent.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

from controller.experiment import History, Ladder, Rung
from podium.spec import Configuration

Floats = NDArray[np.float64]

SLACK = 1e-9
"""Budgets are sums of floats; a run is not refused for the last bits."""
SHARES = (0.45, 0.25, 0.15)
"""Of the cost while spreading, from the full rung downwards; each rung further down gets the last one again."""
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
BISECTIONS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a trial stands: trained so far, and nothing of it in flight."""

    trial: int
    configuration: Configuration
    epochs: int
    value: float
    """The objective there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A run that could be started. `trial` is None for a new configuration, which the optimizer finds."""

    trial: int | None
    from_epochs: int
    to_epochs: int
    cost: float
    """Full trainings that the run takes."""
    remaining: float
    """Full trainings from there to full fidelity."""


def paused_trials(history: History, ladder: Ladder) -> tuple[Standing, ...]:
    """Return the trials that could be continued: below full, not in flight, not retired, never failed."""
    standing: dict[int, Standing] = {}
    barred = set(history.retired) | {run.trial for run in history.in_flight}
    for seen in history.observations:
        if seen.value is None or not math.isfinite(seen.value) or seen.epochs >= ladder.full_epochs:
            barred.add(seen.trial)
        known = standing.get(seen.trial)
        if seen.value is not None and (known is None or seen.epochs > known.epochs):
            standing[seen.trial] = Standing(
                trial=seen.trial, configuration=seen.configuration, epochs=seen.epochs, value=seen.value
            )
    return tuple(trial for number, trial in standing.items() if number not in barred)


def leaders(paused: Sequence[Standing], most: int, *, maximize: bool) -> Sequence[Standing]:
    """Return at most that many trials, in their order: the best of each length, as many of one as of another."""
    if len(paused) <= most:
        return paused
    places: dict[int, int] = {}
    level: dict[int, int] = {}
    for standing in sorted(paused, key=lambda each: -each.value if maximize else each.value):
        places[standing.trial] = level[standing.epochs] = level.get(standing.epochs, -1) + 1
    kept = {each.trial for each in sorted(paused, key=lambda each: (places[each.trial], -each.epochs))[:most]}
    return [each for each in paused if each.trial in kept]


def open_moves(standing: Standing | None, history: History, ladder: Ladder) -> tuple[Move, ...]:
    """Return the affordable moves of a paused trial, or of a new one, the shortest first."""
    trial, from_epochs = (None, 0) if standing is None else (standing.trial, standing.epochs)
    if ladder.cost(from_epochs, ladder.full_epochs) > history.remaining_cost + SLACK:
        return ()
    moves = (
        Move(
            trial=trial,
            from_epochs=from_epochs,
            to_epochs=rung.epochs,
            cost=ladder.cost(from_epochs, rung.epochs),
            remaining=ladder.cost(rung.epochs, ladder.full_epochs),
        )
        for rung in ladder.above(from_epochs)
    )
    return tuple(move for move in moves if history.remaining_runs >= (1 if move.to_epochs == ladder.full_epochs else 2))


def spent_by_rung(history: History, ladder: Ladder) -> Mapping[int, float]:
    """Return the full trainings started so far, by the epochs of the rung that they lead to."""
    spent = {rung.epochs: 0.0 for rung in ladder.rungs}
    reached: dict[int, int] = {}
    for seen in history.observations:
        start = reached.get(seen.trial, 0)
        if seen.epochs > start:
            spent[_rung_at(seen.epochs, ladder).epochs] += ladder.cost(start, seen.epochs)
            reached[seen.trial] = seen.epochs
    for run in history.in_flight:
        spent[_rung_at(run.to_epochs, ladder).epochs] += ladder.cost(run.from_epochs, run.to_epochs)
    return spent


def starved_first(spent: Mapping[int, float], ladder: Ladder) -> tuple[Rung, ...]:
    """Return the rungs, the one furthest below its share of the cost first."""
    shares = [SHARES[min(down, len(SHARES) - 1)] for down in range(len(ladder.rungs))][::-1]
    pairs = zip(ladder.rungs, shares, strict=True)
    return tuple(rung for rung, share in sorted(pairs, key=lambda pair: spent[pair[0].epochs] / pair[1]))


def expected_improvement(mean: Floats, variance: Floats, best: float) -> Floats:
    """Return by how much a target is expected to fall below `best`."""
    std = np.sqrt(variance)
    z = (best - mean) / std
    return np.asarray(std * (z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)))


def log_expected_improvement(mean: Floats, variance: Floats, best: float) -> Floats:
    """Return the logarithm of the expected improvement, finite where that itself is 0 (Ament et al. 2023, eq. 9)."""
    std = np.sqrt(variance)
    z = (best - mean) / std
    near = np.maximum(z, -1.0)
    far = np.clip(z, -1e3, -1.0)
    log_near = np.log(near * ndtr(near) + np.exp(-0.5 * near * near) / math.sqrt(2 * math.pi))
    log_ratio = np.log1p(far * math.sqrt(math.pi / 2) * erfcx(-far / math.sqrt(2)))
    tail = np.where(z < -1e3, -2 * np.log(np.maximum(-z, 1.0)), log_ratio)
    return np.asarray(np.log(std) + np.where(z > -1, log_near, tail - 0.5 * z * z - 0.5 * math.log(2 * math.pi)))


def break_even_price(mean: Floats, variance: Floats, explained: Floats, *, best: float, moves: list[Move]) -> Floats:
    """Return the price of a full training at which each move breaks even.

    A look at `cost` is followed by a finish at `remaining` only if that still pays: the price p solves
    E[max(0, EI(posterior after the look) - p * remaining)] = p * cost, a one-step index for Pandora's boxes (Weitzman
    1979). `explained` is the share of the variance at full fidelity that the look takes away. A full run: EI / cost.
    """
    cost = np.array([move.cost for move in moves])
    remaining = np.array([move.remaining for move in moves])
    now = expected_improvement(mean, variance, best)
    means = mean[:, None] + np.sqrt(variance * explained)[:, None] * NODES  # (moves, nodes)
    left = np.broadcast_to((variance * (1 - explained))[:, None] + 1e-12, means.shape)
    after = expected_improvement(means, left, best)
    weights = NODE_WEIGHTS / NODE_WEIGHTS.sum()
    low, high = np.zeros(len(moves)), np.maximum(now, after @ weights) / cost
    for _ in range(BISECTIONS):
        price = 0.5 * (low + high)
        gain = np.maximum(after - (price * remaining)[:, None], 0.0) @ weights - price * cost
        low, high = np.where(gain > 0, price, low), np.where(gain > 0, high, price)
    return np.where(remaining > 0, low, now / cost)


def _rung_at(epochs: int, ladder: Ladder) -> Rung:
    """Return the lowest rung that is at least this long; a run stopped on its way counts for the rung it aimed at."""
    return next((rung for rung in ladder.rungs if rung.epochs >= epochs), ladder.rungs[-1])
