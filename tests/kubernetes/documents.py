"""Jobs and Pods as API servers write them: statuses from real clusters, shortened to what says something."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 25, 18, 50, tzinfo=UTC)
"""The moment at which the tests look."""


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(*conditions: dict[str, Any], age_seconds: float = 600, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "cars-t1-e3-a1",
            "uid": "5a-job",
            "resourceVersion": "7",
            "creationTimestamp": ago(age_seconds),
            "labels": {"podium.dev/trial": "1"}
            | ({"kueue.x-k8s.io/queue-name": "research"} if "suspend" in spec else {}),
        },
        "spec": spec,
        "status": {"conditions": list(conditions)} if conditions else {},
    }


def condition(
    kind: str, reason: str = "", message: str = "", *, since: float = 60, is_true: bool = True
) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True" if is_true else "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": ago(since),
    }


def failed(
    reason: str = "BackoffLimitExceeded", message: str = "Job has reached the specified backoff limit"
) -> dict[str, Any]:
    return condition("Failed", reason, message)


def pod(
    phase: str = "Running",
    *,
    state: dict[str, Any] | None = None,
    node: str | None = "node-a",
    uid: str = "9b-pod",
    age_seconds: float = 590,
    **status: Any,
) -> dict[str, Any]:
    """Build a Pod of the Job; what more is given stands in its status."""
    containers = [{"name": "worker", "state": state, "ready": False}] if state is not None else []
    return {
        "metadata": {
            "name": "cars-t1-e3-a1-x7c2p",
            "uid": uid,
            "resourceVersion": "8",
            "creationTimestamp": ago(age_seconds),
            "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": "cars-t1-e3-a1", "uid": "5a-job", "controller": True}
            ],
        },
        "spec": {"nodeName": node} if node else {},
        "status": {"phase": phase, **({"containerStatuses": containers} if containers else {}), **status},
    }


def deleting(document: dict[str, Any], *, due: float, grace: int = 60) -> dict[str, Any]:
    """Return the Pod with its deletion due so many seconds ago; negative for in the future."""
    meta = {**document["metadata"], "deletionTimestamp": ago(due), "deletionGracePeriodSeconds": grace}
    return {**document, "metadata": meta}


def running(since: float = 500) -> dict[str, Any]:
    return {"running": {"startedAt": ago(since)}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated(code: int, reason: str = "Error", message: str = "", *, ended: float = 30) -> dict[str, Any]:
    words = {"message": message} if message else {}
    return {
        "terminated": {"exitCode": code, "reason": reason, "startedAt": ago(500), "finishedAt": ago(ended), **words}
    }


def unscheduled(
    reason: str = "Unschedulable", message: str = "0/1 nodes are available: 1 Insufficient cpu."
) -> dict[str, Any]:
    return condition("PodScheduled", reason, message, since=120, is_true=False)


SCHEDULED = condition("PodScheduled", since=580)
