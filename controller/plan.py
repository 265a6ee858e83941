"""What to do about attempts and Jobs: a pure function from what was seen to actions. No clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from controller.actions import (
    Action,
    CloseAttempt,
    CreateJob,
    DeleteJob,
    EndAttempt,
    MarkRunning,
    NoteSight,
    TakeBack,
)
from controller.endings import why_it_ended
from podium.taxonomy import AttemptState, EndReason


class JobPhase(StrEnum):
    """What the cluster says about a Job."""

    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class WaitsFor(StrEnum):
    """Why an active Job does not run yet."""

    QUOTA = "quota"
    """A queue holds it back: it is neither lost nor late."""
    NODE = "a node"
    IMAGE = "its image"
    """Or anything else that its container cannot be created without, and that is known to be wrong."""
    CONTAINER = "its container"
    """A large image is being pulled, or a volume does not come: nobody says which."""
    ASKER = "somebody to ask for it"
    """It is trained elsewhere, by whoever takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    what: WaitsFor
    since: datetime
    words: str
    """As the cluster puts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenJob:
    """A Job as the cluster shows it."""

    name: str
    phase: JobPhase
    exit_code: int | None = None
    """None while active, and when the process vanished without leaving one."""
    reason: EndReason | None = None
    """Set when the cluster itself knows why the Job ended: preempted, out of memory."""
    words: str = ""
    """How the cluster explains the end, when it does."""
    node: str | None = None
    """Where it runs or ran; None before it has a place, and on a cluster of one machine."""
    started_at: datetime | None = None
    """When its process started; None before, and where the cluster does not tell."""
    ended_at: datetime | None = None
    """When that ended, by the cluster's own clock; None while active, and where the cluster does not tell."""
    wait: Wait | None = None
    """Why it does not run yet; None once it does."""


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
    heard_at: datetime | None = None
    """When its last report came; None before the first."""
    silence_seconds: float | None = None
    """How long it may be silent while it runs; None without a limit."""
    node: str | None = None
    waiting: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """The last four as the rows have them: what the cluster showed when it was looked at before."""


LINGER = timedelta(seconds=60)
"""How long a Job may take to exit after its last report before it is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """How long a Job may wait before its attempt is given up."""

    image: timedelta = timedelta(minutes=5)
    node: timedelta = timedelta(hours=1)

    def for_(self, what: WaitsFor) -> timedelta:
        match what:
            case WaitsFor.QUOTA | WaitsFor.ASKER:
                return timedelta.max
            case WaitsFor.NODE | WaitsFor.CONTAINER:
                return self.node
            case WaitsFor.IMAGE:
                return self.image
            case _ as unknown:
                assert_never(unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the plan is judged by: the time, and how long is too long."""

    now: datetime
    grace: Grace = Grace()


def plan(attempts: Sequence[LiveAttempt], jobs: Mapping[str, SeenJob], moment: Moment) -> list[Action]:
    """Return the actions that bring Jobs and attempts together.

    `jobs` must have been seen before `attempts` were read: then a Job that is over has all its reports in the attempts.
    """
    actions = [action for attempt in attempts for action in _steps(attempt, jobs.get(attempt.job), moment)]
    orphans = jobs.keys() - {attempt.job for attempt in attempts}
    return actions + [DeleteJob(name) for name in sorted(orphans)]


def due_at(attempt: LiveAttempt, job: SeenJob | None, grace: Grace) -> datetime | None:
    """Return when something must be decided about an attempt even if nothing happens until then; None for never."""
    if attempt.state is AttemptState.PENDING:
        return attempt.not_before
    if attempt.state is AttemptState.REPORTED and job is not None:
        return attempt.changed_at + LINGER
    if attempt.state is not AttemptState.RUNNING or job is None or job.phase is not JobPhase.ACTIVE:
        return None
    if job.wait is not None:
        limit = grace.for_(job.wait.what)
        return None if limit == timedelta.max else job.wait.since + limit
    return _silent_from(attempt, job)


def _steps(attempt: LiveAttempt, job: SeenJob | None, moment: Moment) -> Sequence[Action]:
    now = moment.now
    match attempt.state:
        case AttemptState.PENDING:
            return _pending(attempt, job, now)
        case AttemptState.RUNNING:
            return _running(attempt, job, moment)
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
            return [MarkRunning(attempt.job)] if attempt.not_before <= now else []
        case Wish.RUN:
            return [CreateJob(attempt.job)] if attempt.not_before <= now else []
        case Wish.HOLD:
            return []
        case _ as unknown:
            assert_never(unknown)


def _running(attempt: LiveAttempt, job: SeenJob | None, moment: Moment) -> Sequence[Action]:
    is_active = job is not None and job.phase is JobPhase.ACTIVE
    match attempt.wish:
        case Wish.END if is_active:
            return [DeleteJob(attempt.job)]
        case Wish.END:
            return [_end(attempt, EndReason.STOPPED, job, "stopped with its experiment")]
        case Wish.HOLD if job is not None and job.wait is not None and job.wait.what is WaitsFor.ASKER:
            return [TakeBack(attempt.job)]  # nobody is given anything meanwhile: it would count as in flight for ever
        case Wish.RUN | Wish.HOLD if job is not None and is_active:
            return _active(attempt, job, moment)
        case Wish.RUN | Wish.HOLD:
            reason, detail = _ending(attempt, job)
            return [_end(attempt, reason, job, detail)]
        case _ as unknown:
            assert_never(unknown)


def _active(attempt: LiveAttempt, job: SeenJob, moment: Moment) -> Sequence[Action]:
    """Say what follows while a Job goes on: nothing, unless it waits or is silent for too long."""
    due = due_at(attempt, job, moment.grace)
    if due is not None and due <= moment.now:
        if job.wait is not None:
            detail = f"waited in vain for {job.wait.what}: {job.wait.words}"
            return [_end(attempt, EndReason.SCHEDULING, job, detail)]
        silence = attempt.silence_seconds or 0.0
        return [_end(attempt, EndReason.BUG, job, f"ran without a report for {silence:.0f} s, and was given up")]
    return _noted(attempt, job)


def _noted(attempt: LiveAttempt, job: SeenJob) -> list[Action]:
    waiting = f"waits for {job.wait.what}: {job.wait.words}" if job.wait else ""
    started_at, ended_at = job.started_at or attempt.started_at, job.ended_at or attempt.ended_at
    sight = NoteSight(attempt.job, job.node or attempt.node, waiting, started_at, ended_at)
    noted = NoteSight(attempt.job, attempt.node, attempt.waiting, attempt.started_at, attempt.ended_at)
    return [] if sight == noted else [sight]


def _silent_from(attempt: LiveAttempt, job: SeenJob) -> datetime | None:
    """Return from when on a Job has been silent for too long; None before its process has started.

    A Job may be placed and its image pulled hours after it was created: until then it has nothing to say.
    """
    signs_of_life = [moment for moment in (job.started_at, attempt.heard_at) if moment is not None]
    if attempt.silence_seconds is None or not signs_of_life:
        return None
    return max(signs_of_life) + timedelta(seconds=attempt.silence_seconds)


def _ending(attempt: LiveAttempt, job: SeenJob | None) -> tuple[EndReason, str]:
    if job is None:
        return EndReason.PREEMPTED, "its Job was deleted by someone else"
    if job.reason is not None:
        return job.reason, job.words or f"the cluster says: {job.reason}"
    reason, detail = why_it_ended(job.exit_code, attempt.has_progressed)
    return reason, f"{detail} ({job.words})" if job.words else detail


def _reported(attempt: LiveAttempt, job: SeenJob | None, now: datetime) -> Sequence[Action]:
    match job:
        case None:
            return [CloseAttempt(attempt.job)]
        case SeenJob(phase=JobPhase.ACTIVE) if now - attempt.changed_at <= LINGER:
            return []
        case SeenJob():  # noted first: an attempt that was over before it was looked at still tells of it
            return [*_noted(attempt, job), DeleteJob(attempt.job)]
        case _ as unknown:
            assert_never(unknown)


def _end(attempt: LiveAttempt, reason: EndReason, job: SeenJob | None, detail: str) -> EndAttempt:
    if job is None:
        return EndAttempt(attempt.job, reason, None, detail, attempt.node)
    node = job.node or attempt.node
    return EndAttempt(attempt.job, reason, job.exit_code, detail, node, job.started_at, job.ended_at)
