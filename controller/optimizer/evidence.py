"""What the observations say, and what to hope for: the surrogates of one question, and the worth of a configuration.

Losses are minimized: a maximized objective changes its sign here and, in what is predicted, back. Hyperparameters are
learned again only when the rows have grown by a share, from the rows that were there at that point and no others: the
belief depends on the history alone, not on when somebody asked. Once learning takes long, what is learned comes into
force one such step later: until then there is time to learn it beside the answers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from controller.experiment import Bound, History, InFlight, Problem
from controller.optimizer.acquisition import log_expected_improvement, log_expected_improvement_gradient
from controller.optimizer.data import Data
from controller.optimizer.feasibility import Limit
from controller.optimizer.hunch import Hunch, hunch_of
from controller.optimizer.kernel import Kernel
from controller.optimizer.learning import LEAST_NOISE, prior
from controller.optimizer.memory import Learn
from controller.optimizer.pace import Pace
from controller.optimizer.process import Posterior, posterior_of, with_z
from controller.optimizer.rows import Rows, bounded_of, inputs_at, lessons_at, rows_of, timed_of, trainability_of
from controller.optimizer.warp import Warp, warp_of
from controller.space import Space

Floats = NDArray[np.float64]

MOST_ROWS_TO_LEARN = 200
"""Learning costs the cube of the rows, some forty times over."""
MOST_ROWS = 400
LEAST_PREFERENCE = -200.0
"""Logarithm of the least that a hint leaves of a gain: it must stay a number whose logarithm is finite."""
LIKELY = math.log(0.5)
"""A run in flight is hoped to be the best only when it is likelier than not to meet the limits."""
FAILED = 0.5
"""Half way between a run that trained (0) and one that failed (1)."""
NOISE_OF_FAILING = 0.5
"""Least share of what differs between runs that fail and others that is chance: one failure proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is believed of configurations, side by side."""

    mean: Floats  # (m,), of the target at full fidelity
    variance: Floats  # (m,)
    log_gain: Floats  # (m,), of the expected improvement


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """The posterior with the runs in flight believed, and what there is to improve on."""

    posterior: Posterior
    limits: tuple[Limit, ...]
    """What a configuration must meet, too."""
    hunch: Hunch | None
    pace: Pace | None
    """None where time does not matter, or nothing was timed."""
    trials: int
    warp: Warp | None
    """None while every run has failed: there is no value to predict."""
    sign: float
    best: float
    """Lowest target seen at full fidelity, or expected there of a run in flight; of any trial while none was seen."""

    def objective(self, target: float) -> float | None:
        """Return a target in the objective's own units."""
        return None if self.warp is None else self.sign * self.warp.undo(target)

    def gain(self, price: float) -> float | None:
        """Return a small improvement of the best in the objective's own units."""
        return None if self.warp is None else price * float(self.warp.slope(np.array([self.best]))[0])

    def judged(self, units: Floats) -> Judgement:
        """Return what is believed of each configuration at full fidelity, and what may be gained for its time."""
        mean, variance = self.posterior.at_full(units)
        log_gain = log_expected_improvement(mean, variance, self.best) + self.log_chance(units)
        return Judgement(mean=mean, variance=variance, log_gain=log_gain + np.log(self.preference(units)))

    def preference(self, units: Floats) -> Floats:
        """Return by how much a gain of each configuration is preferred: for what is believed in, and for speed.

        # (m,)
        """
        hunch = 0.0 if self.hunch is None else self.hunch.log_weight(units, self.trials)
        preferred = np.exp(np.maximum(np.full(len(units), hunch), LEAST_PREFERENCE))
        return preferred if self.pace is None else np.asarray(preferred / self.pace.factor(units))

    def log_gain_gradient(self, units: Floats) -> tuple[Floats, Floats]:
        """Return the improvement's logarithm, whatever its time, and its gradient.  # (m,), (m, dimensions)"""
        gain, gradient = log_expected_improvement_gradient(self.posterior.slope_at_full(units), self.best)
        for limit in self.limits:
            log_chance, its_gradient = limit.log_probability_gradient(units)
            gain, gradient = gain + log_chance, gradient + its_gradient
        if self.hunch is not None:
            gain = gain + self.hunch.log_weight(units, self.trials)
            gradient = gradient + self.hunch.log_weight_gradient(units, self.trials)
        return gain, gradient

    def log_chance(self, units: Floats) -> Floats:
        """Return the logarithm of the probability that each configuration meets all limits.  # (m,)"""
        return sum((limit.log_probability(units) for limit in self.limits), start=np.zeros(len(units)))


def belief_of(
    problem: Problem, history: History, space: Space, learn: Learn, *, hoped_for: Sequence[InFlight] | None = None
) -> Belief:
    """Return what the history says. It holds at least one observation; all of them may have failed.

    `hoped_for` are the runs that are believed to end as expected: where None, all that are in flight.
    """
    count = len(history.observations)
    rows = rows_of(problem, history, space, lessons_at(count).in_force)

    def lesson(first: int) -> Data | None:
        return _lesson((rows_of(problem, history, space, first) if problem.other_goals else rows).first(first))

    kernel = _kernel_at(count, lesson, space, learn)
    kept = rows.succeeded().most_telling(MOST_ROWS) if np.isfinite(rows.losses).any() else rows
    warp, data = _told(kept)
    seen = posterior_of(data, kernel)
    in_flight = [run.configuration for run in (history.in_flight if hoped_for is None else hoped_for)]
    # as if each went on to full fidelity: another run close by would look for the same
    running = inputs_at(space, problem.ladder, in_flight, [problem.ladder.full_epochs] * len(in_flight))
    belief = Belief(
        posterior=seen.believing(running),
        limits=_limits(problem, history, space, learn),
        hunch=hunch_of(problem, space),
        pace=_pace(problem, history, space, learn) if problem.is_timed else None,
        trials=len({seen.trial for seen in history.observations}),
        warp=None if problem.other_goals else warp,
        sign=problem.sign,
        best=_best(seen, kept),
    )
    hoped = seen.predict(running)[0][belief.log_chance(running[:, :-1]) > LIKELY]
    return replace(belief, best=min([belief.best, *hoped.tolist()]))


def _limits(problem: Problem, history: History, space: Space, learn: Learn) -> tuple[Limit, ...]:
    limits = []
    for bound in problem.bounds:
        rows = bounded_of(bound, problem, history, space)
        if np.isfinite(rows.losses).any():
            limits.append(_bound_limit(bound, rows.succeeded(), _learned(rows, space, learn)))
    trained = trainability_of(problem, history, space)
    if trained.losses.any():
        limits.append(_failure_limit(trained, space, learn))
    return tuple(limits)


def _bound_limit(bound: Bound, rows: Rows, kernel: Kernel) -> Limit:
    kept = rows.most_telling(MOST_ROWS)
    warp = warp_of(kept.losses)
    posterior = posterior_of(Data.of(kept.inputs, warp.apply(kept.losses)), kernel)
    most = float(warp.apply(np.array([bound.sign * bound.limit]))[0])
    return Limit(posterior=posterior, most=most, noise=kernel.noise)


def _failure_limit(trained: Rows, space: Space, learn: Learn) -> Limit:
    kernel = _kernel_at(len(trained), lambda first: _of_failing(trained.first(first)), space, learn, NOISE_OF_FAILING)
    kept = trained.with_failures(MOST_ROWS)
    center, spread = float(kept.losses.mean()), float(kept.losses.std()) or 1.0
    return Limit(
        posterior=posterior_of(_standardized(kept), kernel), most=(FAILED - center) / spread, noise=kernel.noise
    )


def _of_failing(trained: Rows) -> Data | None:
    """Return what can be learned from; None where no two differ."""
    kept = trained.with_failures(MOST_ROWS_TO_LEARN)
    return _standardized(kept) if len(kept) and np.ptp(kept.losses) > 0 else None


def _standardized(rows: Rows) -> Data:
    return Data.of(rows.inputs, (rows.losses - rows.losses.mean()) / (float(rows.losses.std()) or 1.0))


def _pace(problem: Problem, history: History, space: Space, learn: Learn) -> Pace | None:
    rows = timed_of(problem, history, space)
    if not len(rows):
        return None
    kernel = _learned(rows, space, learn)
    kept = rows.most_telling(MOST_ROWS)
    warp = warp_of(kept.losses)
    posterior = posterior_of(Data.of(kept.inputs, warp.apply(kept.losses)), kernel)
    return Pace(posterior=posterior, warp=warp, median=float(np.median(kept.losses)))


def _learned(rows: Rows, space: Space, learn: Learn) -> Kernel:
    return _kernel_at(len(rows), lambda first: _lesson(rows.first(first)), space, learn)


def _kernel_at(
    count: int,
    lesson: Callable[[int], Data | None],
    space: Space,
    learn: Learn,
    least_noise: float = LEAST_NOISE,
) -> Kernel:
    """Return the kernel in force at that many rows, and have the one that follows learned.

    `lesson` tells what is learned from the first rows; None where there is nothing to learn.
    """
    lessons = lessons_at(count)
    if lessons.following > lessons.in_force and (following := lesson(lessons.following)) is not None:
        learn.ahead(following, space.is_categorical, least_noise)
    if (data := lesson(lessons.in_force)) is None:
        return prior(space.is_categorical, least_noise)
    return learn(data, space.is_categorical, least_noise)


def _lesson(rows: Rows) -> Data | None:
    """Return what can be learned from; None where no two differ."""
    kept = rows.succeeded().most_telling(MOST_ROWS_TO_LEARN)
    _, data = _told(kept)
    return data if len(data) and np.ptp(data.targets) > 0 else None


def _told(rows: Rows) -> tuple[Warp | None, Data]:
    """Return the warp of the losses and what the model is told; of failures alone, that all are alike."""
    if not np.isfinite(rows.losses).any():
        return None, Data.of(rows.inputs, np.zeros(len(rows)))
    warp = warp_of(rows.losses)
    targets = warp.apply(rows.losses)
    return warp, Data(rows.inputs, targets, (rows.stderr / warp.slope(targets)) ** 2)


def _best(posterior: Posterior, rows: Rows) -> float:
    targets = posterior.data.targets
    at_full = (rows.inputs[:, -1] == 0.0) & rows.counts
    if at_full.any():
        return float(targets[at_full].min())
    if not rows.counts.all():
        return float(targets.max())  # whatever meets the bounds is an improvement
    mean, _ = posterior.predict(with_z(rows.inputs[:, :-1], 0.0))
    return float(mean.min())
