"""What to do about attempts and Jobs: a pure function from what was seen to actions. No clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from controller.endings import why_it_ended
from podium.taxonomy import AttemptState, EndReason


class JobPhase(StrEnum):
    """What the cluster says about a Job."""

    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenJob:
    """A Job as the cluster shows it."""

    name: str
    phase: JobPhase
    exit_code: int | None = None
    """None while active, and when the process vanished without leaving one."""
    reason: EndReason | None = None
    """Set when the cluster itself knows why the Job ended: preempted, out of memory, image or scheduling."""


class Wish(StrEnum):
    """What the experiment wants of a run."""

    RUN = "run"
    HOLD = "hold"
    """Paused: what runs may finish, nothing is started."""
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAttempt:
    """An attempt that has not ended, as the database shows it."""

    job: str
    state: AttemptState
    wish: Wish
    not_before: datetime
    changed_at: datetime
    has_progressed: bool = False
    """It reported at least one epoch."""


@dataclass(frozen=True, slots=True)
class CreateJob:
    job: str


@dataclass(frozen=True, slots=True)
class MarkRunning:
    """Its Job exists; only the row does not say so yet."""

    job: str


@dataclass(frozen=True, slots=True)
class EndAttempt:
    """Its Job is over without having reported its target; what follows is `endings.after_the_end`'s to say."""

    job: str
    reason: EndReason
    exit_code: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class CloseAttempt:
    """Its result is in and its Job is gone: nothing is left to do."""

    job: str


@dataclass(frozen=True, slots=True)
class DeleteJob:
    job: str


Action = CreateJob | MarkRunning | EndAttempt | CloseAttempt | DeleteJob

LINGER = timedelta(seconds=60)
"""How long a Job may take to exit after its last report before it is deleted."""


def plan(attempts: Sequence[LiveAttempt], jobs: Mapping[str, SeenJob], now: datetime) -> list[Action]:
    """Return the actions that bring Jobs and attempts together.

    `jobs` must have been seen before `attempts` were read: then a Job that is over has all its reports in the attempts.
    """
    actions = [action for attempt in attempts for action in _steps(attempt, jobs.get(attempt.job), now)]
    orphans = jobs.keys() - {attempt.job for attempt in attempts}
    return actions + [DeleteJob(name) for name in sorted(orphans)]


def _steps(attempt: LiveAttempt, job: SeenJob | None, now: datetime) -> Sequence[Action]:
    match attempt.state:
        case AttemptState.PENDING:
            return _pending(attempt, job, now)
        case AttemptState.RUNNING:
            return _running(attempt, job)
        case AttemptState.REPORTED:
            return _reported(attempt, job, now)
        case AttemptState.ENDED:
            return [DeleteJob(job.name)] if job else []
        case _ as unknown:
            assert_never(unknown)


def _pending(attempt: LiveAttempt, job: SeenJob | None, now: datetime) -> Sequence[Action]:
    match attempt.wish:
        case Wish.END if job is None:
            return [_end(attempt, EndReason.STOPPED, None, "stopped before it was started")]
        case Wish.END:
            return [DeleteJob(attempt.job)]
        case Wish.RUN | Wish.HOLD if job is not None:  # the controller died between creating the Job and noting it
            return [MarkRunning(attempt.job)]
        case Wish.RUN:
            return [CreateJob(attempt.job)] if attempt.not_before <= now else []
        case Wish.HOLD:
            return []
        case _ as unknown:
            assert_never(unknown)


def _running(attempt: LiveAttempt, job: SeenJob | None) -> Sequence[Action]:
    is_active = job is not None and job.phase is JobPhase.ACTIVE
    match attempt.wish:
        case Wish.END if is_active:
            return [DeleteJob(attempt.job)]
        case Wish.END:
            return [_end(attempt, EndReason.STOPPED, job, "stopped with its experiment")]
        case Wish.RUN | Wish.HOLD if is_active:
            return []
        case Wish.RUN | Wish.HOLD:
            reason, detail = _ending(attempt, job)
            return [_end(attempt, reason, job, detail)]
        case _ as unknown:
            assert_never(unknown)


def _ending(attempt: LiveAttempt, job: SeenJob | None) -> tuple[EndReason, str]:
    if job is None:
        return EndReason.PREEMPTED, "its Job was deleted by someone else"
    if job.reason is not None:
        return job.reason, f"the cluster says: {job.reason}"
    return why_it_ended(job.exit_code, attempt.has_progressed)


def _reported(attempt: LiveAttempt, job: SeenJob | None, now: datetime) -> Sequence[Action]:
    match job:
        case None:
            return [CloseAttempt(attempt.job)]
        case SeenJob(phase=JobPhase.ACTIVE) if now - attempt.changed_at <= LINGER:
            return []
        case SeenJob():
            return [DeleteJob(attempt.job)]
        case _ as unknown:
            assert_never(unknown)


def _end(attempt: LiveAttempt, reason: EndReason, job: SeenJob | None, detail: str) -> EndAttempt:
    return EndAttempt(attempt.job, reason, job.exit_code if job else None, detail)
