"""What was observed, as the rows from which the surrogate learns, and the belief that follows.

Losses are minimized: a maximized objective changes its sign here and, in what is predicted, back. Hyperparameters are
learned again only when the rows have grown by a share, from the rows that were there at that point and no others: the
belief depends on the history alone, not on when somebody asked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.experiment import History, Ladder, Problem
from controller.optimizer.kernel import Kernel
from controller.optimizer.learning import Learn, prior
from controller.optimizer.process import Posterior, posterior_of, with_z
from controller.optimizer.warp import Warp, warp_of
from controller.space import Space
from podium.spec import Configuration

Floats = NDArray[np.float64]

FEWEST_TO_LEARN = 4
GROWTH_TO_RELEARN = 1.12
MOST_ROWS_TO_LEARN = 200
"""Learning costs the cube of the rows, some forty times over."""
MOST_ROWS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """The posterior with the runs in flight believed, and what there is to improve on."""

    posterior: Posterior
    warp: Warp | None
    """None while every run has failed: there is no value to predict."""
    sign: float
    best: float
    """Lowest target seen at full fidelity, or expected there of a run in flight; of any trial while none was seen."""

    def objective(self, target: float) -> float | None:
        """Return a target in the objective's own units."""
        return None if self.warp is None else self.sign * self.warp.undo(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Observations in their order. A failure has no loss (NaN)."""

    inputs: Floats  # (n, dimensions + 1), the last column is z
    losses: Floats  # (n,)

    def first(self, count: int) -> "Rows":
        return Rows(inputs=self.inputs[:count], losses=self.losses[:count])

    def at(self, indices: NDArray[np.intp]) -> "Rows":
        return Rows(inputs=self.inputs[indices], losses=self.losses[indices])


def belief_of(problem: Problem, history: History, space: Space, learn: Learn) -> Belief:
    """Return what the history says. It holds at least one observation; all of them may have failed."""
    sign = -1.0 if problem.maximize else 1.0
    rows = _rows_of(problem, history, space)
    kernel = _learned(rows.first(learned_at(len(rows.losses))), space.is_categorical, learn)
    kept = _most_telling(rows, MOST_ROWS)
    warp, targets = _targets(kept)
    seen = posterior_of(kept.inputs, targets, kernel=kernel)
    running = _running(problem, history, space)
    best = min([_best(seen, kept, targets), *seen.predict(running)[0].tolist()])
    return Belief(posterior=seen.believing(running), warp=warp, sign=sign, best=best)


def inputs_at(space: Space, ladder: Ladder, configurations: Sequence[Configuration], epochs: Sequence[int]) -> Floats:
    """Return the model's inputs for configurations at lengths of training.  # (configurations, dimensions + 1)"""
    z = np.log(np.array(epochs, dtype=float) / ladder.full_epochs)
    return np.column_stack([space.encode(configurations), z])


def learned_at(count: int) -> int:
    """Return the number of observations, at most `count`, from which the hyperparameters are learned; 0 for none."""
    if count < FEWEST_TO_LEARN:
        return 0
    learned = FEWEST_TO_LEARN
    while (following := max(learned + 3, int(learned * GROWTH_TO_RELEARN))) <= count:
        learned = following
    return learned


def _rows_of(problem: Problem, history: History, space: Space) -> Rows:
    sign = -1.0 if problem.maximize else 1.0
    seen = history.observations
    losses = [math.nan if s.value is None or not math.isfinite(s.value) else sign * s.value for s in seen]
    inputs = inputs_at(space, problem.ladder, [s.configuration for s in seen], [s.epochs for s in seen])
    return Rows(inputs=inputs, losses=np.array(losses))


def _running(problem: Problem, history: History, space: Space) -> Floats:
    """Return the runs in flight as if each went on to full fidelity: another run close by would look for the same."""
    runs = history.in_flight
    return inputs_at(
        space, problem.ladder, [run.configuration for run in runs], [problem.ladder.full_epochs] * len(runs)
    )


def _learned(rows: Rows, is_categorical: tuple[bool, ...], learn: Learn) -> Kernel:
    kept = _most_telling(rows, MOST_ROWS_TO_LEARN)
    warp, targets = _targets(kept)
    if warp is None or np.ptp(targets) == 0:  # nothing differs, so nothing can be learned
        return prior(is_categorical)
    return learn(kept.inputs, targets, is_categorical)


def _targets(rows: Rows) -> tuple[Warp | None, Floats]:
    """Return the warp of the losses and what the model is told: a failure counts as the worst seen at its fidelity."""
    succeeded = np.isfinite(rows.losses)
    if not succeeded.any():
        return None, np.zeros(len(rows.losses))
    warp = warp_of(rows.losses[succeeded])
    targets = np.zeros(len(rows.losses))
    targets[succeeded] = warp.apply(rows.losses[succeeded])
    for failed in np.flatnonzero(~succeeded):
        peers = succeeded & (rows.inputs[:, -1] == rows.inputs[failed, -1])
        targets[failed] = targets[peers if peers.any() else succeeded].max()
    return warp, targets


def _best(posterior: Posterior, rows: Rows, targets: Floats) -> float:
    succeeded = np.isfinite(rows.losses)
    at_full = succeeded & (rows.inputs[:, -1] == 0.0)
    if at_full.any():
        return float(targets[at_full].min())
    if not succeeded.any():
        return 0.0
    mean, _ = posterior.predict(with_z(rows.inputs[succeeded, :-1], 0.0))
    return float(mean.min())


def _most_telling(rows: Rows, most: int) -> Rows:
    """Return at most that many rows: of the full runs and of the shorter ones the best and the newest of each.

    Full runs get up to half of the room, and what one kind leaves goes to the other.
    """
    if len(rows.losses) <= most:
        return rows
    full = np.flatnonzero(rows.inputs[:, -1] == 0.0)
    short = np.flatnonzero(rows.inputs[:, -1] != 0.0)
    for_full = min(len(full), max(most // 2, most - len(short)))
    kept = [_best_and_newest(full, rows, for_full), _best_and_newest(short, rows, most - for_full)]
    return rows.at(np.sort(np.concatenate(kept)))


def _best_and_newest(which: NDArray[np.intp], rows: Rows, room: int) -> NDArray[np.intp]:
    by_loss = which[np.argsort(rows.losses[which], kind="stable")]  # failures last
    best, rest = by_loss[: room // 2], np.sort(by_loss[room // 2 :])
    return np.concatenate([best, rest[len(rest) - (room - len(best)) :]])
