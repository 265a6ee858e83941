"""What figures are drawn from: an experiment's rows at one moment, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.endings import RESULTS
from controller.experiment import Goal, History, Ladder, goals_of, ladder_of
from podium.parameters import Configuration
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState, TrialState

Floats = NDArray[np.float64]


class TrialSeen(NamedTuple):
    number: int
    state: TrialState
    is_baseline: bool
    configuration: Configuration
    reached_epoch: int
    value: float | None
    """Of the first objective, at `reached_epoch`."""
    metrics: Mapping[str, float] | None
    """All that was reported there."""
    meets_thresholds: bool


class RunSeen(NamedTuple):
    number: int
    trial: int
    """Its number."""
    rung: str
    from_epoch: int
    to_epoch: int
    reached_epoch: int
    epoch_cost: float
    """Of one of its epochs, as a share of one of a full training."""
    state: RunState
    end_reason: EndReason | None
    value: float | None
    seconds: float
    """That its epochs took."""
    created_at: datetime
    ended_at: datetime | None

    @property
    def charged_epochs(self) -> float:
        """What it is charged for, in epochs of a full training: as `history.spendings` does."""
        if self.state is RunState.RUNNING:
            end = self.to_epoch
        elif self.end_reason in RESULTS:
            end = self.reached_epoch
        else:
            end = max(self.reached_epoch, self.from_epoch + 1)
        return (end - self.from_epoch) * self.epoch_cost


class AttemptSeen(NamedTuple):
    run: int
    """Its number."""
    number: int
    state: AttemptState
    end_reason: EndReason | None
    node: str | None
    waiting: str
    not_before: datetime
    created_at: datetime
    started_at: datetime | None
    heard_at: datetime | None
    ended_at: datetime | None


class Curve(NamedTuple):
    """The first objective over the epochs of one run."""

    run: int
    """Its number."""
    epochs: Floats
    values: Floats


@dataclass(frozen=True, kw_only=True)
class Record:
    """An experiment as it stood at `now`; trials and runs by their numbers, attempts in the order of their runs."""

    id: str
    spec: ExperimentSpec
    state: ExperimentState
    created_at: datetime
    now: datetime
    """When it was read; of an experiment of which nothing lives, its end: then the same rows make the same record."""
    trials: tuple[TrialSeen, ...]
    runs: tuple[RunSeen, ...]
    attempts: tuple[AttemptSeen, ...]
    curves: tuple[Curve, ...]
    """Of some runs, where there are many."""
    history: History
    """The same, as the optimizer sees it."""

    @cached_property
    def ladder(self) -> Ladder:
        return ladder_of(self.spec.fidelity)

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        return goals_of(self.spec)

    @cached_property
    def trial(self) -> Mapping[int, TrialSeen]:
        """Trials by their numbers."""
        return {trial.number: trial for trial in self.trials}

    @cached_property
    def run(self) -> Mapping[int, RunSeen]:
        """Runs by their numbers."""
        return {run.number: run for run in self.runs}

    @cached_property
    def baseline(self) -> TrialSeen | None:
        return next((trial for trial in self.trials if trial.is_baseline), None)

    @cached_property
    def completed(self) -> tuple[TrialSeen, ...]:
        """Trials at full fidelity, the best by the first objective first; those that miss a threshold come last."""
        full = [trial for trial in self.trials if trial.state is TrialState.COMPLETED and trial.value is not None]
        sign = self.goals[0].sign
        return tuple(
            sorted(full, key=lambda each: (not each.meets_thresholds, sign * (each.value or 0.0), each.number))
        )

    @property
    def best(self) -> TrialSeen | None:
        """The best trial at full fidelity that keeps to the thresholds."""
        return self.completed[0] if self.completed and self.completed[0].meets_thresholds else None

    def reported(self, trial: TrialSeen, metric: str) -> float | None:
        """Return what a trial reported of an objective where it stands."""
        return trial.value if metric == self.goals[0].metric else (trial.metrics or {}).get(metric)

    def charged(self, run: RunSeen) -> float:
        """Return what a run costs, in full trainings."""
        return run.charged_epochs / self.ladder.full_epochs
