"""What could be started next, side by side, with what is believed of it at full fidelity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.experiment import History, Ladder, Problem, Rung
from controller.optimizer import moves
from controller.optimizer.evidence import Belief, Judgement
from controller.optimizer.moves import Move
from controller.optimizer.price import break_even_price
from controller.space import Space
from podium.parameters import Configuration

Floats = NDArray[np.float64]

MOST_PAUSED = 300
"""Paused trials that are judged: more cost seconds, and those at the end of the line are not worth a thought."""
PRICED = 8
"""New configurations, and paused trials, that get an index: those that promise most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A move of a trial that is paused, or of a new one (`trial` is None)."""

    trial: int | None
    configuration: Configuration
    move: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options in their order, and what is believed of each."""

    options: Sequence[Option]
    units: Floats  # (options, dimensions)
    judgement: Judgement

    @classmethod
    def judged(cls, options: Sequence[Option], space: Space, belief: Belief) -> "Options":
        units = space.encode([option.configuration for option in options])
        return cls(options=options, units=units, judgement=belief.judged(units))

    def next_step_to(self, rung: Rung, ladder: Ladder) -> int | None:
        """Return the most promising option that leads to a rung from the one below it."""
        steps = [i for i, option in enumerate(self.options) if _is_next_step(option.move, rung, ladder)]
        return max(steps, key=lambda index: float(self.judgement.log_gain[index]), default=None)

    def dearest(self, belief: Belief, ladder: Ladder) -> tuple[int, float]:
        """Return the option to take, and the highest price of a full training at which any option breaks even.

        What the user believes in and what trains faster is preferred; what there is to gain does not depend on it.
        """
        priced = self._worth_a_price()
        prices = self.prices(priced, belief, ladder)
        preferred = prices * belief.preference(self.units[priced])
        best = int(np.lexsort((self.judgement.log_gain[priced], preferred))[-1])  # the gains decide when all are 0
        return priced[best], float(prices.max())

    def _worth_a_price(self) -> list[int]:
        """Return the options of the most promising new configurations and of the most promising paused trials."""
        priced: list[int] = []
        for is_new in (True, False):
            group = [i for i, option in enumerate(self.options) if (option.trial is None) is is_new]
            gains = sorted({float(self.judgement.log_gain[i]) for i in group}, reverse=True)[:PRICED]
            priced += [i for i in group if gains and self.judgement.log_gain[i] >= gains[-1]]
        return priced

    def prices(self, priced: Sequence[int], belief: Belief, ladder: Ladder) -> Floats:
        """Return the prices of a full training at which these options break even.  # (priced,)"""
        levels = np.log([ladder.share_of(rung.epochs) for rung in ladder.rungs])
        noise = belief.posterior.kernel.noise_at(levels)
        climbs = [self.options[index].move.climb for index in priced]
        prices = np.empty(len(priced))
        for climb in set(climbs):
            rows = [row for row, each in enumerate(climbs) if each == climb]
            outlook = belief.posterior.outlook(self.units[[priced[row] for row in rows]], levels)
            prices[rows] = break_even_price(outlook, noise, climb, belief.best)
        chances = np.exp(belief.log_chance(self.units[priced]))
        return np.asarray(prices * chances)  # a gain that comes with a chance is worth that much less


def new_options(configurations: Iterable[Configuration], fresh: Sequence[Move]) -> list[Option]:
    """Return every way to start these configurations."""
    return [Option(trial=None, configuration=each, move=move) for each in configurations for move in fresh]


def paused_options(problem: Problem, history: History) -> list[Option]:
    """Return every way to go on with the paused trials that lead."""
    paused = moves.paused_trials(history, problem.ladder)
    leading = moves.leaders(paused, MOST_PAUSED, maximize=problem.maximize)
    by_length = {standing.epochs: standing for standing in leading}
    opened = {epochs: moves.open_moves(one, history, problem.ladder) for epochs, one in by_length.items()}
    return [
        Option(trial=standing.trial, configuration=standing.configuration, move=move)
        for standing in leading
        for move in opened[standing.epochs]
    ]


def _is_next_step(move: Move, rung: Rung, ladder: Ladder) -> bool:
    return move.to_epochs == rung.epochs and ladder.above(move.from_epochs)[0] == rung
