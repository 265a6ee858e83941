"""How a lease looks to the reconciler: a pure function of the lease, what was reported, and the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.plan import JobPhase, SeenJob, Wait, WaitsFor
from podium.taxonomy import EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    job: str
    offered_at: datetime
    taken_at: datetime | None
    seconds: float | None
    holder: str
    exit_code: int | None
    heard_at: datetime | None
    """When the last report of its attempt came, be it of a part of an epoch, or that it is given up."""
    is_reported: bool
    """Its target is reached, or it was told to stop."""


def seen(lease: Lease, now: datetime) -> SeenJob:
    """Return the Job that the lease stands for."""
    if lease.is_reported:
        return _over(lease, JobPhase.SUCCEEDED, 0)
    if lease.exit_code is not None:
        return _over(lease, JobPhase.FAILED, lease.exit_code)
    if lease.taken_at is None or lease.seconds is None:
        wait = Wait(what=WaitsFor.ASKER, since=lease.offered_at, words="nobody has yet")
        return SeenJob(name=lease.job, phase=JobPhase.ACTIVE, wait=wait)
    over_at = max(lease.taken_at, lease.heard_at or lease.taken_at) + timedelta(seconds=lease.seconds)
    if now > over_at:
        by = f" by {lease.holder}" if lease.holder else ""
        words = f"nothing was reported{by} for {lease.seconds:g} s, as was agreed"
        return SeenJob(
            name=lease.job,
            phase=JobPhase.FAILED,
            reason=EndReason.PREEMPTED,
            words=words,
            started_at=lease.taken_at,
            ended_at=over_at,
        )
    return SeenJob(name=lease.job, phase=JobPhase.ACTIVE, started_at=lease.taken_at)


def _over(lease: Lease, phase: JobPhase, exit_code: int) -> SeenJob:
    started_at, ended_at = lease.taken_at, lease.heard_at  # its last word was its last
    return SeenJob(name=lease.job, phase=phase, exit_code=exit_code, started_at=started_at, ended_at=ended_at)
