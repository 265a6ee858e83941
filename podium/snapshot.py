"""What is known of an experiment at one moment, and whether anything will still happen to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from podium.taxonomy import AttemptState, ExperimentState, RunState
from podium.wire import Experiment, Run

RUNS_SECONDS = 15.0
"""Runs train on between their endings; what is told of them is at most this old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is known at one moment. With `trouble`, it is what was known before the controller went away."""

    experiment: Experiment
    runs: tuple[Run, ...]
    runs_read_at: datetime
    now: datetime
    trouble: str = ""


def has_ended(experiment: Experiment) -> bool:
    return experiment.state in (ExperimentState.STOPPED, ExperimentState.COMPLETED)


def is_at_rest(experiment: Experiment, runs: Sequence[Run]) -> bool:
    """Say whether nothing more will happen by itself: it has ended, or it is paused and no run of it has a Job.

    A run whose attempt waits to be tried again counts as in flight, and waits for as long as the experiment is paused.
    """
    is_paused = experiment.state is ExperimentState.PAUSED
    return has_ended(experiment) or (is_paused and all(_waits(run) for run in runs if run.state is RunState.RUNNING))


def are_runs_fresh(before: Snapshot, experiment: Experiment, now: datetime) -> bool:
    """Say whether the runs need no second look: there may be thousands, and most seconds change none."""
    if experiment.state is ExperimentState.PAUSED:
        return False  # whether it is at rest is seen in the attempts of its runs alone
    is_recent = (now - before.runs_read_at).total_seconds() < RUNS_SECONDS
    return is_recent and before.experiment.progress == experiment.progress


def utc_now() -> datetime:
    return datetime.now(UTC)


def _waits(run: Run) -> bool:
    return all(attempt.state is AttemptState.PENDING for attempt in run.attempts[-1:])
