"""What is seen of an attempt: its Job and its Pods, as one SeenJob. Pure; the same on every version of Kubernetes.

The Pod tells why it ended, not the Job: a Job knows no exit code, some versions give it a second Pod for a first one
that was deleted, and others call it failed while its Pod still stores its last checkpoint. So an attempt is active as
long as its first Pod lives, and over as soon as that one is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.kubernetes.documents import JobDocument, PodDocument, Running, Terminated, Waiting
from controller.plan import JobPhase, SeenJob, Wait, WaitsFor
from podium.taxonomy import EndReason, ExitCode

LOST = timedelta(seconds=60)
"""A Pod that is still there so long after it had to be gone is on a node that nobody reaches."""
UNPLACED = timedelta(seconds=10)
"""A Job that has no Pod, or a Pod that no scheduler has looked at, for longer than this is waiting."""
UNCREATED = timedelta(minutes=3)
"""A Pod that has a node and no container for longer than this is worth a word."""
VERDICTS = (ExitCode.INFEASIBLE, ExitCode.OUT_OF_ACCELERATOR_MEMORY, ExitCode.OTHER_DATA)
"""Exit codes that are the trial's own word, whatever happened to its Pod meanwhile."""
IMAGE_FAULTS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "ImageInspectError",
    "InvalidImageName",
    "RegistryUnavailable",
    "SignatureValidationFailed",
    "CreateContainerConfigError",
    "CreateContainerError",
)
NO_SUCH_COMMAND = ("StartError", "ContainerCannotRun")
OWN_LIMITS = ("exceeds the", "exceeded its")
"""How an eviction for the Pod's own limit is told from one for its node's sake: it comes back on every node."""


def seen(job: JobDocument, pods: Sequence[PodDocument], now: datetime) -> SeenJob:
    """Return a Job as the plan sees it. `pods` are all of its Pods, those that are gone included."""
    if not pods:
        return _without_pod(job, now)
    first = first_of(pods)
    if _is_over(first):
        return _ended(job, first)
    if first.is_gone:
        return _lost(job, first, "its Pod was deleted")
    if _is_overdue(first, now):
        return _lost(job, first, f"node {first.node} is lost")
    started_at = first.container.started_at if isinstance(first.container, Running) else None
    return SeenJob(name=job.name, phase=JobPhase.ACTIVE, node=first.node, started_at=started_at, wait=_wait(first, now))


def first_of(pods: Sequence[PodDocument]) -> PodDocument:
    """Return the Pod that is the attempt. A later one is an older Kubernetes' idea of how to replace it."""
    return min(pods, key=lambda pod: (pod.created_at, not pod.is_gone, pod.uid))


def seen_without_job(pod: PodDocument, now: datetime) -> SeenJob | None:
    """Return a Pod whose Job was deleted: active until it has ended, as every Job that is being deleted; then None."""
    if _is_over(pod) or pod.is_gone or _is_overdue(pod, now):
        return None
    started_at = pod.container.started_at if isinstance(pod.container, Running) else None
    return SeenJob(name=pod.job, phase=JobPhase.ACTIVE, node=pod.node, started_at=started_at)


def needs_its_pod(job: JobDocument) -> bool:
    """Say whether only a Pod can tell why the Job ended."""
    return job.end is not None and not job.end.is_complete and job.end.reason != "DeadlineExceeded"


def is_on_lost_node(pod: PodDocument, now: datetime) -> bool:
    return not _is_over(pod) and _is_overdue(pod, now)


def _without_pod(job: JobDocument, now: datetime) -> SeenJob:
    match job.end:
        case None:
            return SeenJob(name=job.name, phase=JobPhase.ACTIVE, wait=_wait_for_pod(job, now))
        case end if end.is_complete:
            return SeenJob(name=job.name, phase=JobPhase.SUCCEEDED, exit_code=0, ended_at=end.at)
        case end if end.reason == "DeadlineExceeded":
            return SeenJob(name=job.name, phase=JobPhase.FAILED, reason=EndReason.BUG, words=DEADLINE, ended_at=end.at)
        case end:
            words, reason = f"its Pod is gone ({end.reason}: {end.message})", EndReason.PREEMPTED
            return SeenJob(name=job.name, phase=JobPhase.FAILED, reason=reason, words=words, ended_at=end.at)


DEADLINE = "was ended by the cluster at its deadline, long after it should have been done"


def _wait_for_pod(job: JobDocument, now: datetime) -> Wait | None:
    if job.suspended_since is not None:
        words = f"its Job is suspended{f' in queue {job.queue}' if job.queue else ''}"
        return Wait(what=WaitsFor.QUOTA, since=job.suspended_since, words=words)
    if job.is_deleting or now - job.begun_at < UNPLACED:
        return None
    words = f"its Pod was not created, for want of quota or by an admission rule; `kubectl describe job {job.name}`"
    return Wait(what=WaitsFor.NODE, since=job.begun_at, words=words)


def _wait(pod: PodDocument, now: datetime) -> Wait | None:
    scheduled = pod.scheduled
    if pod.deletion_due is not None:
        return None
    match pod.container:
        case Running():
            return None
        case Waiting(reason=reason, message=message, since=since) if reason in IMAGE_FAULTS:
            return Wait(what=WaitsFor.IMAGE, since=since, words=_told(reason, message))
    if pod.node is not None:
        return _wait_for_container(pod, now)
    if scheduled is None:
        if now - pod.created_at < UNPLACED:
            return None
        return Wait(what=WaitsFor.NODE, since=pod.created_at, words="no scheduler has looked at its Pod yet")
    what = WaitsFor.QUOTA if scheduled.reason == "SchedulingGated" else WaitsFor.NODE
    return Wait(what=what, since=scheduled.since or pod.created_at, words=scheduled.message or scheduled.reason)


def _wait_for_container(pod: PodDocument, now: datetime) -> Wait | None:
    """Tell of a container that is long in coming. Its image is being pulled, or a volume mounted in vain."""
    since = (pod.scheduled.since if pod.scheduled else None) or pod.created_at
    if now - since < UNCREATED:
        return None
    words = f"its image is still being pulled, or a volume does not come; `kubectl describe pod {pod.name}` says which"
    return Wait(what=WaitsFor.CONTAINER, since=since, words=words)


def _is_over(pod: PodDocument) -> bool:
    return isinstance(pod.container, Terminated) or pod.phase in ("Succeeded", "Failed")


def _is_overdue(pod: PodDocument, now: datetime) -> bool:
    return pod.deletion_due is not None and now > pod.deletion_due + LOST


def _ended(job: JobDocument, pod: PodDocument) -> SeenJob:
    if not isinstance(pod.container, Terminated):
        return _failed(job, pod, _never_ran(job, pod))
    code = pod.container.exit_code
    ending = _why(job, pod, pod.container)
    return SeenJob(
        name=job.name,
        phase=JobPhase.SUCCEEDED if code == 0 else JobPhase.FAILED,
        exit_code=code,
        reason=ending[0],
        words=ending[1],
        node=pod.node,
        started_at=pod.container.started_at,
        ended_at=pod.container.finished_at or _over_at(job),
    )


def _lost(job: JobDocument, pod: PodDocument, words: str) -> SeenJob:
    if _ran_into_deadline(job):
        return _failed(job, pod, (EndReason.BUG, DEADLINE))
    told = f"{words} ({_disruption(pod)})" if _disruption(pod) else words
    return _failed(job, pod, (EndReason.PREEMPTED, told))


def _failed(job: JobDocument, pod: PodDocument, why: tuple[EndReason, str]) -> SeenJob:
    """Return a Job of whose container's end nothing is told: it was no later than the Job's."""
    return SeenJob(
        name=job.name,
        phase=JobPhase.FAILED,
        reason=why[0],
        words=why[1],
        node=pod.node,
        started_at=pod.container.started_at if isinstance(pod.container, Running) else None,
        ended_at=_over_at(job),
    )


def _over_at(job: JobDocument) -> datetime | None:
    return job.end.at if job.end else None


def _never_ran(job: JobDocument, pod: PodDocument) -> tuple[EndReason, str]:
    """Say why a Pod failed without a word about its container: its node refused it, or threw it out."""
    if _ran_into_deadline(job) or pod.reason == "DeadlineExceeded":
        return EndReason.BUG, DEADLINE
    if _broke_its_limits(pod):
        return EndReason.BUG, _told(pod.reason, pod.message)
    return EndReason.PREEMPTED, _disruption(pod) or _told(
        pod.reason, pod.message
    ) or "its Pod failed and does not say why"


def _why(job: JobDocument, pod: PodDocument, ended: Terminated) -> tuple[EndReason | None, str]:
    """Name why a container ended, where the cluster knows better than the exit code; (None, "") where it does not."""
    if ended.exit_code in VERDICTS:
        return None, ""
    if ended.reason == "OOMKilled" and ended.exit_code not in (0, ExitCode.PREEMPTED):
        return EndReason.OUT_OF_MEMORY, "killed at its memory limit (OOMKilled)"
    if ended.reason in NO_SUCH_COMMAND:
        return EndReason.BUG, f"its command cannot be started: {ended.message}"
    if _broke_its_limits(pod):
        return EndReason.BUG, _told(pod.reason, pod.message)
    if ended.reason == "ContainerStatusUnknown":
        return EndReason.PREEMPTED, _disruption(pod) or "its container vanished with its node"
    if not _was_disrupted(pod, ended):
        return None, ""
    if _ran_into_deadline(job):
        return EndReason.BUG, DEADLINE
    return EndReason.PREEMPTED, _disruption(pod)


def _ran_into_deadline(job: JobDocument) -> bool:
    return job.doom == "DeadlineExceeded" or (job.end is not None and job.end.reason == "DeadlineExceeded")


def _broke_its_limits(pod: PodDocument) -> bool:
    return pod.reason == "Evicted" and any(words in pod.message for words in OWN_LIMITS)


def _was_disrupted(pod: PodDocument, ended: Terminated) -> bool:
    """Say whether the container was made to end, rather than had ended when something came over its Pod."""
    if pod.reason and pod.reason != "Completed":  # Evicted, NodeLost, Shutdown, Terminated, Preempting
        return True
    began = []
    if pod.deletion_due is not None:
        began.append(pod.deletion_due - timedelta(seconds=pod.deletion_grace_seconds))
    if pod.disrupted is not None and pod.disrupted.is_true:
        began.append(pod.disrupted.since or pod.created_at)
    if not began:
        return False
    return ended.finished_at is None or ended.finished_at >= min(began)


def _disruption(pod: PodDocument) -> str:
    """Return what came over the Pod in the cluster's words; empty when nothing did."""
    if pod.disrupted is not None and pod.disrupted.is_true:
        return _told(pod.disrupted.reason, pod.disrupted.message)
    if pod.reason:
        return _told(pod.reason, pod.message)
    return "its Pod was deleted" if pod.deletion_due is not None else ""


def _told(reason: str, message: str) -> str:
    return f"{reason}: {message}" if reason and message else reason or message
