"""The few things that Podium reads in a Job's and a Pod's document: pure, and true to every version from 1.20 on.

What comes from the server may lack anything that its API calls optional; what it has is taken as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.cluster import last_lines
from controller.kubernetes.api import Json
from controller.kubernetes.pod import CONTAINER

ON_ITS_WAY = ("", "ContainerCreating", "PodInitializing")
LOG_END_REASONS = ("Error", "OOMKilled")
"""Ends whose termination message is the end of the log; elsewhere it is the runtime's explanation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    is_complete: bool
    reason: str
    message: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDocument:
    name: str
    uid: str
    version: int = field(compare=False)
    created_at: datetime
    begun_at: datetime
    """Since when it may have a Pod: a queue may have held it for hours."""
    is_deleting: bool
    queue: str | None
    suspended_since: datetime | None
    """None when it is not suspended."""
    end: JobEnd | None
    """Its final condition; counters of Pods are not final."""
    doom: str | None
    """Why it is about to fail: newer versions say so before all of its Pods have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    reason: str
    message: str
    since: datetime
    """When something was first seen to be wrong: no API tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    started_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminated:
    exit_code: int
    reason: str
    message: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    is_true: bool
    reason: str
    message: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PodDocument:
    name: str
    uid: str
    version: int = field(compare=False)
    job: str
    """The name of the Job that owns it."""
    job_uid: str
    created_at: datetime
    node: str | None
    phase: str
    reason: str
    message: str
    deletion_due: datetime | None
    """When it is to be gone, should it be asked to go: the grace period included."""
    deletion_grace_seconds: float
    scheduled: Condition | None
    disrupted: Condition | None
    container: Waiting | Running | Terminated | None
    is_gone: bool = False
    """It was seen before, and is no more."""


def read_job(document: Json, before: JobDocument | None = None) -> JobDocument:
    meta, spec, status = document["metadata"], document.get("spec") or {}, document.get("status") or {}
    conditions = {each["type"]: _condition(each) for each in status.get("conditions") or ()}
    created_at = _moment(meta["creationTimestamp"])
    suspended = conditions.get("Suspended")
    resumed_at = suspended.since if suspended and not suspended.is_true else None
    doom = conditions.get("FailureTarget")
    return JobDocument(
        name=meta["name"],
        uid=meta["uid"],
        version=int(meta["resourceVersion"]),
        created_at=created_at,
        begun_at=max(filter(None, (created_at, _moment_or_none(status.get("startTime")), resumed_at))),
        is_deleting=bool(meta.get("deletionTimestamp")),
        queue=(meta.get("labels") or {}).get("kueue.x-k8s.io/queue-name"),
        suspended_since=((suspended.since if suspended else None) or created_at) if spec.get("suspend") else None,
        end=_end(conditions),
        doom=doom.reason if doom and doom.is_true else None,
    )


def read_pod(document: Json, before: PodDocument | None = None, *, now: datetime | None = None) -> PodDocument | None:
    """Read a Pod; None when no Job owns it. `before` is the same Pod as it was read last, `now` is now."""
    meta, status = document["metadata"], document.get("status") or {}
    owner = next((each for each in meta.get("ownerReferences") or () if each["kind"] == "Job"), None)
    if owner is None:
        return None
    conditions = {each["type"]: _condition(each) for each in status.get("conditions") or ()}
    return PodDocument(
        name=meta["name"],
        uid=meta["uid"],
        version=int(meta["resourceVersion"]),
        job=owner["name"],
        job_uid=owner["uid"],
        created_at=_moment(meta["creationTimestamp"]),
        node=(document.get("spec") or {}).get("nodeName"),
        phase=status.get("phase", "Pending"),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        deletion_due=_moment_or_none(meta.get("deletionTimestamp")),
        deletion_grace_seconds=float(meta.get("deletionGracePeriodSeconds") or 0),
        scheduled=conditions.get("PodScheduled"),
        disrupted=conditions.get("DisruptionTarget"),
        container=_container(status.get("containerStatuses") or (), before, now or datetime.now(UTC)),
    )


def _end(conditions: Mapping[str, Condition]) -> JobEnd | None:
    for kind in ("Complete", "Failed"):
        found = conditions.get(kind)
        if found and found.is_true:
            is_complete = kind == "Complete"
            return JobEnd(is_complete=is_complete, reason=found.reason, message=found.message, at=found.since)
    return None


def _container(
    statuses: Sequence[Json], before: PodDocument | None, now: datetime
) -> Waiting | Running | Terminated | None:
    """Read how the worker's container is; sidecars that others put into the Pod do not count."""
    state = next((each.get("state") or {} for each in statuses if each.get("name") == CONTAINER), {})
    match state:
        case {"terminated": Mapping() as ended}:
            return Terminated(
                exit_code=ended["exitCode"],
                reason=ended.get("reason", ""),
                message=ended.get("message", ""),
                started_at=_moment_or_none(ended.get("startedAt")),
                finished_at=_moment_or_none(ended.get("finishedAt")),
            )
        case {"running": Mapping() as running}:
            return Running(started_at=_moment_or_none(running.get("startedAt")))
        case {"waiting": Mapping() as waiting}:
            return _waiting(waiting, before.container if before else None, now)
        case _:
            return None


def _waiting(waiting: Json, before: object, now: datetime) -> Waiting | None:
    """Read why a container waits; None when it is only on its way.

    Between two tries to pull, older versions do not say what went wrong: it is kept, as is when that began.
    """
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in ON_ITS_WAY:
        return None
    if reason == "ImagePullBackOff" and isinstance(before, Waiting) and len(before.message) > len(message):
        return before
    return Waiting(reason=reason, message=message, since=before.since if isinstance(before, Waiting) else now)


def _condition(condition: Json) -> Condition:
    return Condition(
        is_true=condition.get("status") == "True",
        reason=condition.get("reason") or "",
        message=condition.get("message") or "",
        since=_moment_or_none(condition.get("lastTransitionTime")),
    )


def _moment_or_none(text: Any) -> datetime | None:  # what the API left out, or null
    return _moment(text) if text else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def last_words(pod: PodDocument) -> str:
    """Return the end of the log as the Pod's last status has it."""
    ended = pod.container
    if isinstance(ended, Terminated) and ended.reason in LOG_END_REASONS:
        return last_lines(ended.message.encode())
    return ""
