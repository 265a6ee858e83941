"""What to train next: the one question that a free slot asks.

A pure function of the problem and its history: no clock, no state, no random generator of its own. Whoever asks twice
with the same history gets the same answer, before and after a restart. It starts with a Sobol sequence, then spreads
cost over the rungs, then asks what each move is worth, and never suggests what was tried, what is running, or what the
budget could not carry to full fidelity.
"""

import math
from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no types

from controller.experiment import History, Ladder, Problem, Rung, Suggestion
from controller.optimizer import moves, spreading
from controller.optimizer.acquisition import log_expected_improvement
from controller.optimizer.candidates import Search
from controller.optimizer.evidence import Belief, belief_of
from controller.optimizer.learning import Learn, learn
from controller.optimizer.moves import Move
from controller.optimizer.price import break_even_price
from controller.space import Space
from podium.spec import Configuration

Floats = NDArray[np.float64]
Keys = Set[Hashable]

START_LEAST, START_MOST = 3, 10
START_SHARE = 0.25
"""Of the budget, that the Sobol start may take."""
EXPLORED = 0.05
"""Chance of another Sobol point later on, so that no region is ruled out by a model that is wrong."""
EXPLORED_AT_START = 0.15
"""Of the new trials while cost is spread over the rungs: a good region may be small, and a short run is cheap."""
FEWEST_TO_MODEL = 4
MOST_PAUSED = 1000
"""Paused trials that are judged: more cost seconds, and those at the end of the line are not worth a thought."""
PRICED = 8
"""New configurations, and paused trials, that get an index: those that promise most."""


def suggest(problem: Problem, history: History, learn: Learn = learn) -> Suggestion | None:
    """Return the run to start next, or None when nothing that could reach full fidelity is affordable and untried.

    `learn` may remember what it learned (`learning.remembering`): the answer is the same, only sooner.
    """
    asked = _Question(problem=problem, history=history, space=Space(problem.parameters))
    fresh = moves.open_moves(None, history, problem.ladder)
    if fresh and (asked.is_starting() or asked.is_exploring()):
        configuration = asked.next_sobol()
        if configuration is not None:
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
    def tried(self) -> Keys:
        return {self.space.key(configuration) for configuration in self.trials.values()}

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

    def next_sobol(self) -> Configuration | None:
        """Return the next untried point of the problem's Sobol sequence, or of its grid; None when all were tried."""
        tried, start = self.tried, len(self.trials)
        points = self.space.sobol(start + 32, np.random.default_rng(self.problem.seed))[start:]
        untried = self.space.untried(self.space.decode(points), tried)
        if not untried and math.isfinite(self.space.size):
            untried = self.space.untried(self.space.grid(len(tried) + 1), tried)
        return untried[0] if untried else None


def _by_model(asked: _Question, fresh: Sequence[Move], learn: Learn) -> Suggestion | None:
    paused = _paused(asked)
    if not paused and not fresh:
        return None
    belief = belief_of(asked.problem, asked.history, asked.space, learn)
    search = Search(space=asked.space, belief=belief, tried=asked.tried)
    new = search.most_promising(asked.rng()) if fresh else []
    if fresh and not new:
        new = [configuration for configuration in [asked.next_sobol()] if configuration is not None]
    options = _options(asked, belief, [(each, fresh) for each in new], paused)
    if not options.moves:
        return None
    chosen, price = _chosen(asked, belief, options)
    return replace(
        _suggestion(options.configurations[chosen], options.moves[chosen], "model"),
        acquisition=price,
        predicted_mean=belief.objective(float(options.mean[chosen])),
        predicted_std=math.sqrt(float(options.variance[chosen])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """Moves side by side with what is believed of their configurations at full fidelity."""

    configurations: Sequence[Configuration]
    moves: Sequence[Move]
    units: Floats  # (moves, dimensions)
    mean: Floats  # (moves,)
    variance: Floats  # (moves,)
    gains: Floats  # (moves,), logarithms of the expected improvement

    def of(self, indices: Sequence[int]) -> "_Options":
        return _Options(
            configurations=[self.configurations[i] for i in indices],
            moves=[self.moves[i] for i in indices],
            units=self.units[indices],
            mean=self.mean[indices],
            variance=self.variance[indices],
            gains=self.gains[indices],
        )


def _paused(asked: _Question) -> list[tuple[Configuration, Sequence[Move]]]:
    history, ladder = asked.history, asked.ladder
    standing = moves.paused_trials(history, ladder)
    leading = moves.leaders(standing, MOST_PAUSED, maximize=asked.problem.maximize)
    opened = {trial.epochs: moves.open_moves(trial, history, ladder) for trial in leading}
    return [
        (trial.configuration, [replace(move, trial=trial.trial) for move in opened[trial.epochs]])
        for trial in leading
        if opened[trial.epochs]
    ]


def _options(asked: _Question, belief: Belief, *groups: Sequence[tuple[Configuration, Sequence[Move]]]) -> _Options:
    pairs = [(configuration, move) for group in groups for configuration, opened in group for move in opened]
    units = asked.space.encode([configuration for configuration, _ in pairs])
    mean, variance = belief.posterior.at_full(units) if pairs else (np.empty(0), np.empty(0))
    return _Options(
        configurations=[configuration for configuration, _ in pairs],
        moves=[move for _, move in pairs],
        units=units,
        mean=mean,
        variance=variance,
        gains=log_expected_improvement(mean, variance, belief.best),
    )


def _chosen(asked: _Question, belief: Belief, options: _Options) -> tuple[int, float | None]:
    """Return the index of the best move, and its price where that decided."""
    spread = _spread(asked, options)
    if spread is not None:
        return spread, None
    priced = _worth_a_price(options)
    prices = _prices(asked, belief, options.of(priced))
    best = int(np.lexsort((options.gains[priced], prices))[-1])  # by price; the gains decide when all prices are 0
    return priced[best], float(prices[best])


def _spread(asked: _Question, options: _Options) -> int | None:
    """Return the most promising move to the rung on which least was spent; None once the start has been spread."""
    if not spreading.is_spreading(asked.spent, asked.history):
        return None
    for rung in spreading.starved_first(asked.spent, asked.ladder):
        steps = [i for i, move in enumerate(options.moves) if _is_next_step(move, rung, asked.ladder)]
        if steps:
            return max(steps, key=lambda index: float(options.gains[index]))
    return None


def _is_next_step(move: Move, rung: Rung, ladder: Ladder) -> bool:
    return move.to_epochs == rung.epochs and ladder.above(move.from_epochs)[0] == rung


def _worth_a_price(options: _Options) -> list[int]:
    """Return the moves of the most promising new configurations and of the most promising paused trials."""
    priced: list[int] = []
    for is_new in (True, False):
        group = [i for i, move in enumerate(options.moves) if (move.trial is None) is is_new]
        gains = sorted({float(options.gains[i]) for i in group}, reverse=True)[:PRICED]
        priced += [i for i in group if gains and options.gains[i] >= gains[-1]]
    return priced


def _prices(asked: _Question, belief: Belief, options: _Options) -> Floats:
    lengths = np.array([rung.epochs for rung in asked.ladder.rungs], dtype=float)
    levels = np.log(lengths / lengths[-1])
    noise = belief.posterior.kernel.noise_at(levels)
    prices = np.empty(len(options.moves))
    for climb in {move.climb for move in options.moves}:
        rows = [i for i, move in enumerate(options.moves) if move.climb == climb]
        outlook = belief.posterior.outlook(options.units[rows], levels)
        prices[rows] = break_even_price(outlook, noise, climb, belief.best)
    return prices


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
