"""What the plan may ask for. Each may be done again, and is then already done; how is for the reconciler to know."""

from dataclasses import dataclass
from datetime import datetime

from podium.taxonomy import EndReason


@dataclass(frozen=True, slots=True)
class CreateJob:
    job: str


@dataclass(frozen=True, slots=True)
class MarkRunning:
    """Its Job exists; only the row does not say so yet, and what goes with the Job may be missing."""

    job: str


@dataclass(frozen=True, slots=True)
class NoteSight:
    """What the cluster shows of a Job has changed: its place, what it waits for, or when its process ran."""

    job: str
    node: str | None
    waiting: str
    started_at: datetime | None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndAttempt:
    """Its Job is over, or given up, without having reported its target; what follows is for `endings` to say."""

    job: str
    reason: EndReason
    exit_code: int | None
    detail: str
    node: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """As the cluster shows them; None where it does not tell, and of what is given up now."""


@dataclass(frozen=True, slots=True)
class CloseAttempt:
    """Its result is in and its Job is gone: nothing is left to do."""

    job: str


@dataclass(frozen=True, slots=True)
class DeleteJob:
    job: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """It was offered to who asks, its experiment has paused, and nobody has taken it: it waits to be offered again."""

    job: str


Action = CreateJob | MarkRunning | NoteSight | EndAttempt | CloseAttempt | DeleteJob | TakeBack
