"""What to train next: the one question that a free slot asks.

A pure function of the problem and its history: no clock, no state, no random generator of its own. Whoever asks twice
with the same history gets the same answer, before and after a restart. It starts with a Sobol sequence, then spreads
cost over the rungs, then asks what each move is worth, and never suggests what was tried, what is running, or what the
budget could not carry to full fidelity.
"""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no types

from controller.experiment import History, Ladder, Problem, Suggestion
from controller.optimizer import moves, spreading
from controller.optimizer.candidates import Search
from controller.optimizer.evidence import Belief, belief_of
from controller.optimizer.hunch import hunch_of
from controller.optimizer.memory import Afresh, Learn
from controller.optimizer.moves import Move
from controller.optimizer.options import Options, new_options, paused_options
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
AFRESH = Afresh()


def suggest(problem: Problem, history: History, learn: Learn = AFRESH) -> Suggestion | None:
    """Return the run to start next, or None when nothing that could reach full fidelity is affordable and untried.

    `learn` may remember what it learned (`memory.Remembering`): the answer is the same, only sooner.
    """
    asked = _Question(problem=problem, history=history, space=Space(problem.parameters, problem.constraints))
    fresh = moves.open_moves(None, history, problem.ladder)
    if fresh and (guesses := asked.untried_guesses()):
        return _suggestion(guesses[0], fresh[0], "guess")
    if fresh and (asked.is_starting() or asked.is_exploring()):
        for configuration in asked.space.decode(asked.untried_sobol()):
            return _suggestion(configuration, fresh[0], "sobol")
    if not history.observations:
        return None
    with _threads().limit(limits=1, user_api="blas"):  # the same sums in the same order; more threads are slower here
        return _by_model(asked, fresh, learn)


@dataclass(frozen=True, kw_only=True)
class _Question:
    problem: Problem
    history: History
    space: Space

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
        if len(self.trials) < count:
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


def _by_model(asked: _Question, fresh: Sequence[Move], learn: Learn) -> Suggestion | None:
    paused = paused_options(asked.problem, asked.history)
    if not paused and not fresh:
        return None
    belief = belief_of(asked.problem, asked.history, asked.space, learn)
    found = asked.space.decode(_most_promising(asked, belief)) if fresh else []
    options = Options.judged([*new_options(found, fresh), *paused], asked.space, belief)
    if not options.options:
        return None
    chosen, price = _chosen(asked, belief, options)
    option = options.options[chosen]
    return replace(
        _suggestion(option.configuration, option.move, "model"),
        trial=option.trial,
        acquisition=price,
        expected_gain=None if price is None else belief.gain(price),
        predicted_mean=belief.objective(float(options.judgement.mean[chosen])),
        predicted_std=math.sqrt(float(options.judgement.variance[chosen])),
    )


def _most_promising(asked: _Question, belief: Belief) -> Floats:
    found = Search(space=asked.space, belief=belief, tried=asked.tried).most_promising(asked.rng())
    return found if len(found) else asked.untried_sobol()


def _chosen(asked: _Question, belief: Belief, options: Options) -> tuple[int, float | None]:
    """Return the index of the option to take, and its price where that decided."""
    if spreading.is_spreading(asked.spent, asked.history):
        steps = (
            options.next_step_to(rung, asked.ladder) for rung in spreading.starved_first(asked.spent, asked.ladder)
        )
        for step in steps:
            if step is not None:
                return step, None
    return options.dearest(belief, asked.ladder)


def _suggestion(configuration: Configuration, move: Move, source: str) -> Suggestion:
    return Suggestion(
        trial=None,
        configuration=configuration,
        from_epochs=move.from_epochs,
        to_epochs=move.to_epochs,
        source=source,
    )


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()
