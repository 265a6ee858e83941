"""Whose output somebody watches, and when it is to be read: pure functions of the watches and of now.

Somebody who watches says so again and again, through whichever API process answers him; who says it no more is
forgotten. Nothing of this is kept: a reconciler that has just begun to lead hears of all watches within seconds.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from podium.taxonomy import AttemptState
from podium.wire import Run

EVERY = timedelta(seconds=2)
"""No Job's output is read more often."""
LASTS = timedelta(seconds=15)
"""A watch is over so long after it was last asked for."""
AT_ONCE = 20
"""Outputs that are read at the same time; where more are watched, they take turns."""
LAST_WORDS = timedelta(seconds=5)
"""A watched Job that is to be deleted waits no longer than this for its output to be read once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Of one Job's output."""

    asked_at: datetime
    """By somebody who watches, last."""
    read_at: datetime | None = None
    """When it was last begun to be read."""
    shown_at: datetime | None = None
    """When that was begun which was last shown."""
    leaving_at: datetime | None = None
    """Since when the Job is to be deleted."""


Watches = Mapping[str, Watch]
"""By the Jobs' names."""


def jobs_to_watch(runs: Iterable[Run]) -> list[str]:
    """Return the Jobs of which there may be new output: those that were created and have not ended."""
    has_job = (AttemptState.RUNNING, AttemptState.REPORTED)
    return [attempt.job for run in runs for attempt in run.attempts if attempt.state in has_job]


def watched(watches: Watches, job: str, now: datetime) -> dict[str, Watch]:
    """Return the watches once somebody has asked for a Job's output."""
    found = watches.get(job)
    return {**watches, job: replace(found, asked_at=now) if found else Watch(asked_at=now)}


def remaining(watches: Watches, now: datetime) -> dict[str, Watch]:
    """Return the watches that are not over."""
    return {job: watch for job, watch in watches.items() if now - watch.asked_at < LASTS}


def due(watches: Watches, being_read: Set[str], now: datetime) -> list[str]:
    """Return the Jobs to read now, those first that are to be deleted, then those that have waited longest."""
    waiting = [job for job, watch in watches.items() if job not in being_read and _is_due(watch, now)]
    ranked = sorted(waiting, key=lambda job: (watches[job].leaving_at is None, watches[job].read_at or _NEVER))
    return ranked[: max(0, AT_ONCE - len(being_read))]


def begun(watches: Watches, jobs: Iterable[str], now: datetime) -> dict[str, Watch]:
    """Return the watches once Jobs are being read."""
    return {**watches, **{job: replace(watches[job], read_at=now) for job in jobs}}


def shown(watches: Watches, jobs: Iterable[str]) -> dict[str, Watch]:
    """Return the watches once what was read of Jobs is shown, be it nothing."""
    there = [job for job in jobs if job in watches]
    return {**watches, **{job: replace(watches[job], shown_at=watches[job].read_at) for job in there}}


def leaving(watches: Watches, job: str, now: datetime) -> dict[str, Watch]:
    """Return the watches once a Job is to be deleted."""
    found = watches.get(job)
    return dict(watches) if found is None or found.leaving_at else {**watches, job: replace(found, leaving_at=now)}


def may_go(watch: Watch | None, now: datetime) -> bool:
    """Say whether a Job that is to be deleted has nothing more to tell to anybody who watches."""
    if watch is None or watch.leaving_at is None:
        return watch is None
    return _is_heard_out(watch) or now - watch.leaving_at >= LAST_WORDS


def is_any_overdue(watches: Watches, now: datetime) -> bool:
    """Say whether a Job that is to be deleted has waited for its last words for as long as any does."""
    return any(watch.leaving_at is not None and now - watch.leaving_at >= LAST_WORDS for watch in watches.values())


def without(watches: Watches, job: str) -> dict[str, Watch]:
    """Return the watches once a Job is deleted."""
    return {name: watch for name, watch in watches.items() if name != job}


def _is_due(watch: Watch, now: datetime) -> bool:
    if watch.read_at is None or now - watch.read_at >= EVERY:
        return True
    return watch.leaving_at is not None and watch.read_at < watch.leaving_at


def _is_heard_out(watch: Watch) -> bool:
    return watch.leaving_at is not None and watch.shown_at is not None and watch.shown_at >= watch.leaving_at


_NEVER = datetime.min.replace(tzinfo=UTC)
