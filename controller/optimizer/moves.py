"""What could be started: a new trial at some rung, or a paused one continued to a higher rung, and what it costs.

Nothing is started that could not reach full fidelity within what may still be spent: it can never yield an incumbent.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from controller.experiment import History, Ladder
from controller.optimizer.price import Climb
from podium.parameters import Configuration

SLACK = 1e-9
"""Budgets are sums of floats; a run is not refused for the last bits."""
MOST_LOOKS = 3
"""Rungs below the full one at which a climb is thought to pause; it may pause at all of them when it is there."""


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
    """A run that could be started from where a trial stands."""

    from_epochs: int
    to_epochs: int
    climb: Climb


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
    """Return the affordable moves of a paused trial, or of a new one, the shortest first.

    Where all promotions resume, it goes to the next rung: pausing on the way costs nothing. Where some start over it
    may jump, and so it may where the remaining runs would not pay every rung.
    """
    from_epochs = 0 if standing is None else standing.epochs
    above = [rung.epochs for rung in ladder.above(from_epochs)]
    stepwise = ladder.always_resumes and history.remaining_runs >= len(above)
    return tuple(
        Move(from_epochs=from_epochs, to_epochs=way[0], climb=_climb(from_epochs, way, ladder))
        for way in ([above] if stepwise else _ways(above))
        if len(way) <= history.remaining_runs and _cost(from_epochs, way, ladder) <= history.remaining_cost + SLACK
    )


def _ways(above: Sequence[int]) -> list[Sequence[int]]:
    """Return the ways up: from each rung by all that follow it, or from it to the full one at once."""
    ways = [above[start:] for start in range(len(above))]
    return [each for way in ways for each in ([way, [way[0], way[-1]]] if len(way) > 2 else [way])]


def _cost(from_epochs: int, way: Sequence[int], ladder: Ladder) -> float:
    return sum(ladder.cost(start, end) for start, end in pairwise([from_epochs, *way]))


def _climb(from_epochs: int, way: Sequence[int], ladder: Ladder) -> Climb:
    stops = [*way[:MOST_LOOKS], *way[MOST_LOOKS:][-1:]]
    lengths = [rung.epochs for rung in ladder.rungs]
    return Climb(
        levels=tuple(lengths.index(epochs) for epochs in stops),
        costs=tuple(ladder.cost(start, end) for start, end in pairwise([from_epochs, *stops])),
    )
