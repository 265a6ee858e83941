"""The Job of an attempt, and the Secret with its run token: pure.

One Job is one attempt: it retries nothing, since only the controller can tell a preemption from a bug, and it has no
podFailurePolicy, since why a Pod died is read from its status, which is the same on every version of Kubernetes.
"""

from dataclasses import dataclass

from kubernetes.client import (
    V1Job,
    V1JobSpec,
    V1ObjectMeta,
    V1OwnerReference,
    V1PodTemplateSpec,
    V1Secret,
)

from controller.jobs import JobRequest
from controller.kubernetes.pod import TOKEN_KEY, PodRequest, pod_of

TTL_SECONDS = 24 * 3600
"""A backstop: the controller deletes Jobs itself, long before, when it has seen their end."""
CONTROLLER_LABEL = "podium.dev/controller"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The Deployment with which all Jobs go."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all Jobs of one controller have in common."""

    namespace: str
    controller: str
    """Tells its Jobs from those of another Podium in the same namespace; a label's value."""
    owner: Owner | None = None

    @property
    def selector(self) -> str:
        """Return the label selector of its Jobs, and of their Pods."""
        return f"{CONTROLLER_LABEL}={self.controller}"


def job_of(request: JobRequest, house: House) -> V1Job:
    """Return the Job of an attempt. A name that was used before stands for the very same attempt."""
    labels, shape = _labels(request, house), request.pod
    owner = house.owner
    queue = {QUEUE_LABEL: shape.queue} if shape.queue else {}
    return V1Job(
        api_version="batch/v1",
        kind="Job",
        metadata=V1ObjectMeta(
            name=request.name,
            namespace=house.namespace,
            labels=labels | queue,
            owner_references=[_reference("apps/v1", "Deployment", owner.name, owner.uid)] if owner else None,
        ),
        spec=V1JobSpec(
            backoff_limit=0,
            completions=1,
            parallelism=1,
            suspend=True if shape.queue else None,  # its queue wakes it when there is room
            active_deadline_seconds=request.placement.deadline_seconds,
            ttl_seconds_after_finished=TTL_SECONDS,
            template=V1PodTemplateSpec(
                metadata=V1ObjectMeta(labels=labels),
                spec=pod_of(_pod_request(request)),
            ),
        ),
    )


def _pod_request(request: JobRequest) -> PodRequest:
    return PodRequest(
        command=request.command,
        env=request.env,
        pod=request.pod,
        placement=request.placement,
        secret=request.name,
    )


def secret_of(request: JobRequest, house: House, job_uid: str) -> V1Secret:
    """Return the Secret that a Job's Pod waits for. It goes with its Job."""
    return V1Secret(
        api_version="v1",
        kind="Secret",
        metadata=V1ObjectMeta(
            name=request.name,
            namespace=house.namespace,
            labels=dict(_labels(request, house)),
            owner_references=[_reference("batch/v1", "Job", request.name, job_uid)],
        ),
        immutable=True,
        type="Opaque",
        string_data={TOKEN_KEY: request.token},
    )


def _labels(request: JobRequest, house: House) -> dict[str, str]:
    key = request.key
    return {
        "app.kubernetes.io/name": "podium",
        "app.kubernetes.io/component": "worker",
        "app.kubernetes.io/managed-by": "podium",
        CONTROLLER_LABEL: house.controller,
        "podium.dev/experiment": key.experiment,
        "podium.dev/trial": str(key.trial),
        "podium.dev/epochs": str(key.epochs),
        "podium.dev/attempt": str(key.attempt),
    }


def _reference(version: str, kind: str, name: str, uid: str) -> V1OwnerReference:
    """Let an object go with another. It does not block the other's deletion: that would need a right of its own."""
    return V1OwnerReference(api_version=version, kind=kind, name=name, uid=uid, block_owner_deletion=False)
