"""What to train next: the one question that a free slot asks.

A pure function of the problem and its history: no clock, no state, no random generator of its own. Whoever asks twice
with the same history gets the same answer, before and after a restart. It starts with a Sobol sequence, then asks the
surrogate, and never suggests what was tried, what is running, or what the budget could not carry to full fidelity.
"""

import math
from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no types

from controller import promotion
from controller.evidence import Belief, belief_of, inputs_at
from controller.experiment import History, Ladder, Problem, Rung, Suggestion
from controller.promotion import Move
from controller.space import Space
from podium.spec import Configuration

Floats = NDArray[np.float64]
Keys = Set[Hashable]

START_LEAST, START_MOST = 3, 10
START_SHARE = 0.25
"""Of the budget, that the Sobol start may take."""
EXPLORED = 0.05
"""Chance of another Sobol point later on, so that no region is ruled out by a model that is wrong."""
SPREAD_COST = 10.0
"""Full trainings, plus one per slot, that are spread over the rungs before the index decides."""
FEWEST_TO_MODEL = 4
SAMPLED = 256
GRID = 1024
"""Up to this many configurations, a finite space is judged whole."""
MOST_PAUSED = 1000
"""Paused trials that are judged: more cost seconds, and those at the end of the line are not worth a thought."""
KEPT = 8
NEIGHBORS = 12
CENTERS = 20
REFINED = (0.1, 0.05, 0.02, 0.01)
"""Standard deviations of the moves around the most promising candidates, one round each."""


def suggest(problem: Problem, history: History) -> Suggestion | None:
    """Return the run to start next, or None when nothing that could reach full fidelity is affordable and untried."""
    search = _Search(problem=problem, history=history, space=Space(problem.parameters))
    fresh = promotion.open_moves(None, history, problem.ladder)
    if fresh and (search.is_starting() or search.rng().random() < EXPLORED):
        configuration = search.next_sobol()
        if configuration is not None:
            return _suggestion(configuration, fresh[0], "sobol")
    if not history.observations:
        return None
    with _threads().limit(limits=1, user_api="blas"):  # the same sums in the same order; more threads are slower here
        return _by_model(search, fresh)


@dataclass(frozen=True, kw_only=True)
class _Search:
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
    def tried(self) -> Keys:
        return {self.space.key(configuration) for configuration in self.trials.values()}

    @cached_property
    def spent(self) -> Mapping[int, float]:
        return promotion.spent_by_rung(self.history, self.ladder)

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
        succeeded = sum(seen.value is not None for seen in self.history.observations)
        return succeeded < FEWEST_TO_MODEL and len(self.history.observations) < count

    def _start_count(self) -> int:
        history, most = self.history, max(START_MOST, self.space.dimensions + 2)
        cost = history.remaining_cost + sum(self.spent.values())
        runs = history.remaining_runs + len(history.observations) + len(history.in_flight)
        payable = START_SHARE * min(cost / self.ladder.cost(0, self.ladder.rungs[0].epochs), runs)
        return int(min(max(payable, START_LEAST), most))

    def next_sobol(self) -> Configuration | None:
        """Return the next untried point of the problem's Sobol sequence, or of its grid; None when all were tried."""
        tried, start = self.tried, len(self.trials)
        points = self.space.sobol(start + 32, np.random.default_rng(self.problem.seed))[start:]
        untried = self.space.untried(self.space.decode(points), tried)
        if not untried and math.isfinite(self.space.size):
            untried = self.space.untried(self.space.grid(len(tried) + 1), tried)
        return untried[0] if untried else None


def _by_model(search: _Search, fresh: Sequence[Move]) -> Suggestion | None:
    options = _promotions(search)
    if not options and not fresh:
        return None
    belief = belief_of(search.problem, search.history, search.space)
    if fresh:
        options += [(configuration, move) for configuration in _best_new(search, belief) for move in fresh]
    if not options:
        return None
    moves = [move for _, move in options]
    configurations = [configuration for configuration, _ in options]
    inputs = inputs_at(search.space, search.ladder, configurations, [move.to_epochs for move in moves])
    mean, variance, explained = belief.posterior.look(inputs)
    prices = promotion.break_even_price(mean, variance, explained, best=belief.best, moves=moves)
    gains = promotion.log_expected_improvement(mean, variance, belief.best)
    chosen = _spread(search, moves, gains)
    if chosen is None:
        chosen = int(np.lexsort((gains, prices))[-1])  # by price; the gains decide when all prices are 0
    return replace(
        _suggestion(configurations[chosen], moves[chosen], "model"),
        acquisition=float(prices[chosen]),
        predicted_mean=belief.objective(float(mean[chosen])),
        predicted_std=math.sqrt(float(variance[chosen])),
    )


def _promotions(search: _Search) -> list[tuple[Configuration, Move]]:
    history, ladder = search.history, search.ladder
    standing = promotion.paused_trials(history, ladder)
    paused = promotion.leaders(standing, MOST_PAUSED, maximize=search.problem.maximize)
    moves = {trial.epochs: promotion.open_moves(trial, history, ladder) for trial in paused}
    return [(trial.configuration, replace(move, trial=trial.trial)) for trial in paused for move in moves[trial.epochs]]


def _best_new(search: _Search, belief: Belief) -> list[Configuration]:
    """Return the untried configurations that promise most at full fidelity; none when all were tried."""
    space, tried, rng = search.space, search.tried, search.rng()
    if space.size <= GRID:
        return _most_promising(search, belief, space.untried(space.grid(GRID), tried))
    drawn = np.vstack([space.sobol(SAMPLED, rng), space.neighbors(_centers(belief, rng), scale=0.15, rng=rng)])
    best = _most_promising(search, belief, space.untried(space.decode(drawn), tried))
    for scale in REFINED:
        if not best:
            break
        around = space.neighbors(np.repeat(space.encode(best), NEIGHBORS, axis=0), scale=scale, rng=rng)
        best = _most_promising(search, belief, space.untried([*best, *space.decode(around)], tried))
    return best or [configuration for configuration in [search.next_sobol()] if configuration is not None]


def _most_promising(search: _Search, belief: Belief, configurations: list[Configuration]) -> list[Configuration]:
    if not configurations:
        return []
    at_full = inputs_at(search.space, search.ladder, configurations, [search.ladder.full_epochs] * len(configurations))
    gains = promotion.log_expected_improvement(*belief.posterior.predict(at_full), belief.best)
    return [configurations[index] for index in np.argsort(-gains, kind="stable")[:KEPT]]


def _centers(belief: Belief, rng: np.random.Generator) -> Floats:
    """Return points near which to look: the rows expected to be best at full fidelity, some of them many times."""
    rows = belief.posterior.inputs.copy()
    rows[:, -1] = 0.0
    mean, _ = belief.posterior.predict(rows)
    best = rows[np.argsort(mean, kind="stable")[:CENTERS], :-1]
    return best[rng.integers(0, len(best), SAMPLED)]


def _spread(search: _Search, moves: Sequence[Move], gains: Floats) -> int | None:
    """Return the most promising move to the rung furthest below its share; None once the start has been spread."""
    spent = search.spent
    if sum(spent.values()) >= SPREAD_COST + len(search.history.in_flight) + 1:
        return None
    for rung in promotion.starved_first(spent, search.ladder):
        steps = [i for i, move in enumerate(moves) if _is_next_step(move, rung, search.ladder)]
        if steps:
            return max(steps, key=lambda index: float(gains[index]))
    return None


def _is_next_step(move: Move, rung: Rung, ladder: Ladder) -> bool:
    return move.to_epochs == rung.epochs and ladder.above(move.from_epochs)[0] == rung


def _suggestion(configuration: Configuration, move: Move, source: str) -> Suggestion:
    return Suggestion(
        trial=move.trial,
        configuration=configuration,
        from_epochs=move.from_epochs,
        to_epochs=move.to_epochs,
        source=source,
    )


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()
