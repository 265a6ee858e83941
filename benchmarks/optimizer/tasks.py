"""What is searched, and the scale of regret: 0 is the best known, 1 the median of random configurations."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.optimizer.front import Front
from controller.experiment import Bound, Goal, Ladder, ladder_of
from controller.space import Space
from podium.parameters import Configuration, Constraint, Parameter
from podium.spec import Fidelity

Floats = NDArray[np.float64]
Losses = Callable[[Sequence[Configuration], int], Floats]
"""True losses of configurations after so many epochs; not a number where a run fails."""
Metrics = Callable[[Sequence[Configuration], int], Mapping[str, Floats]]
"""What else runs report after so many epochs, by name; without noise."""

DRAWN = 4096
ROUNDS, PARENTS, CHILDREN = 40, 50, 400


def nothing_else(_configurations: Sequence[Configuration], _epochs: int) -> Mapping[str, Floats]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    name: str
    parameters: Mapping[str, Parameter]
    ladder: Ladder
    losses: Losses
    noise: float = 0.0
    """Standard deviation of what an observation adds to the true loss."""
    repeats: tuple[int, ...] = ()
    """Of how many observations a result is the mean, each count as likely; it tells its standard error. None: of one,
    and it tells nothing."""
    outliers: float = 0.0
    """Share of the observations that are far too high."""
    constraints: tuple[Constraint, ...] = ()
    metrics: Metrics = nothing_else
    bounds: tuple[Bound, ...] = ()
    """What the other metrics must keep to at full fidelity."""
    front: Front | None = None
    """With it, the metric that it names is an objective beside the loss."""
    guesses: tuple[Configuration, ...] = ()
    """What earlier searches found."""

    @property
    def space(self) -> Space:
        return Space(self.parameters, self.constraints)

    @property
    def other_goals(self) -> tuple[Goal, ...]:
        return () if self.front is None else (Goal(metric=self.front.metric, maximize=False),)

    def loss(self, configuration: Configuration, epochs: int) -> float:
        return float(self.losses([configuration], epochs)[0])

    def metrics_of(self, configuration: Configuration, epochs: int) -> Mapping[str, float]:
        return {name: float(values[0]) for name, values in self.metrics([configuration], epochs).items()}

    def allows(self, metrics: Mapping[str, float]) -> bool:
        """Say whether these metrics keep to all bounds."""
        return all(bound.is_met(metrics) for bound in self.bounds)


def rungs(full_epochs: int) -> Ladder:
    """Return Podium's own rungs from one epoch to all of them, a factor of 3 apart."""
    return ladder_of(Fidelity(min=1, max=full_epochs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    best: float
    median: float

    def regret(self, loss: float) -> float:
        """Return the loss on the scale; what is better than the best known counts as 0."""
        return max(0.0, (loss - self.best) / (self.median - self.best))


def scale_of(task: Task) -> Scale:
    """Look for the best loss at full fidelity with 20,000 free evaluations: many draws, then moves of the best.

    What breaks a bound counts neither for the best nor for the median.
    """
    space, rng = task.space, np.random.default_rng(0)
    units = space.sobol(DRAWN, rng)
    losses = _at_full(task, space, units)
    median = float(np.nanmedian(losses))
    for turn in range(ROUNDS):
        best = np.argsort(losses)[:PARENTS]  # NaN is last
        scale = 0.2 * 0.8**turn + 1e-4
        children = space.neighbors(units[best][rng.integers(0, PARENTS, CHILDREN)], scale=scale, rng=rng)
        units = np.concatenate([units[best], children])
        losses = np.concatenate([losses[best], _at_full(task, space, children)])
    return Scale(best=float(np.nanmin(losses)), median=median)


def _at_full(task: Task, space: Space, units: Floats) -> Floats:
    configurations, epochs = space.decode(units), task.ladder.full_epochs
    losses, metrics = task.losses(configurations, epochs), task.metrics(configurations, epochs)
    kept = [bound.sign * metrics[bound.metric] <= bound.sign * bound.limit for bound in task.bounds]
    return np.where(np.all([np.isfinite(losses), *kept], axis=0), losses, math.nan)
