"""What was observed, as the rows from which a surrogate learns, and which of them are kept when there are too many."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.experiment import Bound, History, Ladder, Observation, Problem
from controller.optimizer.scalarization import scalarized, weights_of
from controller.space import Space
from podium.parameters import Configuration

Floats = NDArray[np.float64]

FEWEST_TO_LEARN = 4
GROWTH_TO_RELEARN = 1.12
CHEAP_TO_LEARN = 40
"""Up to this many rows, learning takes no longer than the rest of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Observations in their order. A failure has no loss (NaN)."""

    inputs: Floats  # (n, dimensions + 1), the last column is z
    losses: Floats  # (n,)
    counts: NDArray[np.bool_]  # (n,), whether the problem's bounds are met
    stderr: Floats  # (n,), of the losses, as far as it is known

    def __len__(self) -> int:
        return len(self.losses)

    def first(self, count: int) -> "Rows":
        return self.where(np.arange(min(count, len(self))))

    def where(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> "Rows":
        return Rows(
            inputs=self.inputs[chosen],
            losses=self.losses[chosen],
            counts=self.counts[chosen],
            stderr=self.stderr[chosen],
        )

    def succeeded(self) -> "Rows":
        return self.where(np.isfinite(self.losses))

    def most_telling(self, most: int) -> "Rows":
        """Return at most that many rows: of the full runs and of the shorter ones the best and the newest of each.

        Full runs get up to half of the room, and what one kind leaves goes to the other.
        """
        if len(self) <= most:
            return self
        full = np.flatnonzero(self.inputs[:, -1] == 0.0)
        short = np.flatnonzero(self.inputs[:, -1] != 0.0)
        for_full = min(len(full), max(most // 2, most - len(short)))
        kept = [self._best_and_newest(full, for_full), self._best_and_newest(short, most - for_full)]
        return self.where(np.sort(np.concatenate(kept)))

    def with_failures(self, most: int) -> "Rows":
        """Return at most that many rows of trainability: half of the room for the newest failures, and the newest."""
        failed = np.flatnonzero(self.losses > 0)[-(most // 2) :]
        rest = np.setdiff1d(np.arange(len(self)), failed)
        return self.where(np.sort(np.concatenate([failed, rest[-max(most - len(failed), 1) :]])))

    def _best_and_newest(self, which: NDArray[np.intp], room: int) -> NDArray[np.intp]:
        by_loss = which[np.lexsort((self.losses[which], ~self.counts[which]))]  # failures, and what is no use, last
        best, rest = by_loss[: room // 2], np.sort(by_loss[room // 2 :])
        return np.concatenate([best, rest[len(rest) - (room - len(best)) :]])


def rows_of(problem: Problem, history: History, space: Space, settled: int) -> Rows:
    """Return the objective as losses: what is maximized changes its sign; several objectives become one.

    First the observations, then what runs in flight reported on their way. Of the observations, the first `settled` say
    how objectives compare.
    """
    seen = [*history.observations, *_under_way(problem, history)]
    losses = problem.sign * np.array([math.nan if s.value is None else s.value for s in seen], dtype=float)
    if problem.other_goals:
        others = [goal.sign * _reported(goal.metric, seen) for goal in problem.other_goals]
        losses = scalarized(np.array([losses, *others]), weights_of(problem, history), settled)
    return Rows(
        inputs=_inputs_of(problem, space, seen),
        losses=np.where(np.isfinite(losses), losses, math.nan),
        counts=np.array([all(bound.is_met(s.metrics) for bound in problem.bounds) for s in seen], dtype=bool),
        stderr=np.array([0.0 if problem.other_goals else s.stderr for s in seen]),
    )


def _under_way(problem: Problem, history: History) -> list[Observation]:
    """Return what runs in flight last reported.

    With a second fidelity, an epoch is taken for one of the rung of its length: what a run with more data reports
    before that is like no rung, and is left out.
    """
    same = problem.ladder.sees_the_same
    return [run.progress for run in history.in_flight if run.progress and same(run.progress.epochs, run.to_epochs)]


def bounded_of(bound: Bound, problem: Problem, history: History, space: Space) -> Rows:
    """Return a metric that has a bound, with the sign by which less is allowed; where it was not reported, NaN."""
    values = bound.sign * _reported(bound.metric, history.observations)
    inputs = _inputs_of(problem, space, history.observations)
    return _plain(inputs, values)


def trainability_of(problem: Problem, history: History, space: Space) -> Rows:
    """Return of each trial whether it failed (1) or has trained until now (0), as what the full training would do."""
    last = {seen.trial: seen for seen in history.observations}
    failed = [seen.value is None or not math.isfinite(seen.value) for seen in last.values()]
    full = [problem.ladder.full_epochs] * len(last)
    inputs = inputs_at(space, problem.ladder, [seen.configuration for seen in last.values()], full)
    return _plain(inputs, np.array(failed, dtype=float))


def timed_of(problem: Problem, history: History, space: Space) -> Rows:
    """Return the logarithm of the seconds that an epoch took, once for each trial, as of the full training.

    Where rungs see more or less, trials are compared with those of their rung: less their median.
    """
    last = {seen.trial: (seen, seen.epoch_seconds) for seen in history.observations if seen.epoch_seconds}
    ladder = problem.ladder
    seconds = np.log(np.array([taken for _, taken in last.values()], dtype=float))
    costs = np.array([ladder.epoch_cost(seen.epochs) for seen, _ in last.values()])
    if len(levels := np.unique(costs)) > 1:
        for level in levels:
            seconds[costs == level] -= np.median(seconds[costs == level])
    full = [ladder.full_epochs] * len(last)
    return _plain(inputs_at(space, ladder, [seen.configuration for seen, _ in last.values()], full), seconds)


def _plain(inputs: Floats, losses: Floats) -> Rows:
    return Rows(inputs=inputs, losses=losses, counts=np.ones(len(losses), dtype=bool), stderr=np.zeros(len(losses)))


def _inputs_of(problem: Problem, space: Space, seen: Sequence[Observation]) -> Floats:
    return inputs_at(space, problem.ladder, [s.configuration for s in seen], [s.epochs for s in seen])


def _reported(metric: str, seen: Sequence[Observation]) -> Floats:
    values = np.array([s.metrics.get(metric, math.nan) for s in seen], dtype=float)
    return np.where(np.isfinite(values), values, math.nan)


def inputs_at(space: Space, ladder: Ladder, configurations: Sequence[Configuration], epochs: Sequence[int]) -> Floats:
    """Return the model's inputs for configurations at lengths of training.  # (configurations, dimensions + 1)"""
    shares = {each: ladder.share_of(each) for each in set(epochs)}
    z = np.log(np.array([shares[each] for each in epochs], dtype=float))
    return np.column_stack([space.encode(configurations), z])


class Lessons(NamedTuple):
    """From how many observations hyperparameters are learned; 0 stands for the prior."""

    in_force: int
    following: int
    """What comes into force next. It can be learned already, so that no question waits for it."""


def lessons_at(count: int) -> Lessons:
    """Return the lessons at that many observations; while learning is cheap, the newest is in force."""
    before, newest, after = 0, 0, FEWEST_TO_LEARN
    while after <= count:
        before, newest, after = newest, after, max(after + 3, int(after * GROWTH_TO_RELEARN))
    return Lessons(in_force=newest if newest <= CHEAP_TO_LEARN else before, following=newest)
