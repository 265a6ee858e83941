"""One question to the optimizer: the problem, its history, and which configurations are new to both."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from controller.experiment import History, Ladder, Problem
from controller.optimizer import spreading
from controller.optimizer.candidates import Search
from controller.optimizer.evidence import Belief
from controller.optimizer.hunch import hunch_of
from controller.space import Space
from podium.parameters import Configuration

Floats = NDArray[np.float64]

START_LEAST, START_MOST = 3, 10
START_SHARE = 0.25
"""Of the budget, that the Sobol start may take."""
EXPLORED = 0.05
"""Chance of another Sobol point later on, so that no region is ruled out by a model that is wrong."""
EXPLORED_AT_START = 0.4
"""Of the new trials while cost is spread over the rungs: a good region may be small, and a short run is cheap."""
FEWEST_TO_MODEL = 4


@dataclass(frozen=True, kw_only=True)
class Question:
    problem: Problem
    history: History
    space: Space

    @classmethod
    def of(cls, problem: Problem, history: History) -> "Question":
        return cls(problem=problem, history=history, space=Space(problem.parameters, problem.constraints))

    @property
    def ladder(self) -> Ladder:
        return self.problem.ladder

    @cached_property
    def trials(self) -> dict[int, Configuration]:
        history = self.history
        return {run.trial: run.configuration for runs in (history.observations, history.in_flight) for run in runs}

    @cached_property
    def tried(self) -> Set[bytes]:
        return set(self.space.identities(self.space.encode(list(self.trials.values()))))

    @cached_property
    def spent(self) -> Mapping[int, float]:
        return spreading.spent_by_rung(self.history, self.ladder)

    def rng(self) -> np.random.Generator:
        """Return this call's own generator; the next call, which sees one run more, gets another."""
        history = self.history
        counts = [len(history.observations), len(history.in_flight), len(self.trials)]
        return np.random.default_rng(np.random.SeedSequence([self.problem.seed, *counts]))

    def is_starting(self) -> bool:
        """Say whether the Sobol start still has points to place, or its results are not yet in."""
        count = self._start_count()
        if len(self.trials) - self._guessed_count() < count:
            return True
        succeeded = sum(seen.value is not None and math.isfinite(seen.value) for seen in self.history.observations)
        return succeeded < FEWEST_TO_MODEL and len(self.history.observations) < count

    def is_exploring(self) -> bool:
        """Say whether it is the turn of another Sobol point."""
        coin = self.rng().random()
        if not spreading.is_spreading(self.spent, self.history):
            return coin < EXPLORED
        is_new_trials_turn = spreading.starved_first(self.spent, self.ladder)[0] == self.ladder.rungs[0]
        return is_new_trials_turn and coin < EXPLORED_AT_START

    def _start_count(self) -> int:
        history, most = self.history, max(START_MOST, self.space.dimensions + 2)
        cost = history.remaining_cost + sum(self.spent.values())
        runs = history.remaining_runs + len(history.observations) + len(history.in_flight)
        payable = START_SHARE * min(cost / self.ladder.cost(0, self.ladder.rungs[0].epochs), runs)
        return int(min(max(payable, START_LEAST), most))

    def _guessed_count(self) -> int:
        """Return how many guesses were tried: they lie together, and spare no evenly spread point."""
        return len(self.problem.guesses) - len(self.untried_guesses())

    def untried_sobol(self) -> Floats:
        """Return the next untried point of the problem's Sobol sequence, or of its grid.  # (1 or 0, dimensions)"""
        tried, start = self.tried, len(self.trials)
        rng, hunch = np.random.default_rng(self.problem.seed), hunch_of(self.problem, self.space)
        points = self.space.sobol(start + 32, rng) if hunch is None else self.space.sobol(start + 32, rng, hunch.bent)
        points = points[start:]
        untried = self.space.untried(points, tried)
        if not len(untried) and math.isfinite(self.space.size):
            untried = self.space.untried(self.space.grid(len(tried) + 1), tried)
        return untried[:1]

    def untried_guesses(self) -> Sequence[Configuration]:
        """Return the user's guesses that were not tried, in their order."""
        if not (guesses := self.problem.guesses):
            return ()
        places = self.space.identities(self.space.encode(guesses))
        return [guess for guess, place in zip(guesses, places, strict=True) if place not in self.tried]

    def most_promising(self, belief: Belief) -> Sequence[Configuration]:
        """Return new configurations, those first that promise most by this belief; none when all were tried."""
        is_bold = len(self.ladder.rungs) > 1
        search = Search(space=self.space, belief=belief, tried=self.tried, is_bold=is_bold)
        found = search.most_promising(self.rng())
        return self.space.decode(found if len(found) else self.untried_sobol())
