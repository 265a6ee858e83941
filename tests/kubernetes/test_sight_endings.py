"""Why an attempt ended: the taxonomy, row by row, over the statuses that old and new versions write."""

from typing import Any

import pytest

from controller.plan import JobPhase, SeenJob
from podium.taxonomy import EndReason
from tests.kubernetes.documents import NOW, condition, deleting, failed, job, pod, running, terminated, unscheduled
from tests.kubernetes.looking import DRAINED, EVICTED, LATE, LATE_SOON, OWN_DISK, Status, looked_at


def row(name: str, *documents: Any, gone: Any = (), code: int | None, reason: EndReason | None, words: str = "") -> Any:
    """State how an attempt ends: its exit code, the cluster's own reason, and what its words hold."""
    return pytest.param(documents, gone, code, reason, words, id=name)


SCHEDULER_PREEMPTED = condition("DisruptionTarget", "PreemptionByScheduler", "default-scheduler: preempting", since=60)
TAINTED = condition(
    "DisruptionTarget", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", since=60
)
KUBELET = condition("DisruptionTarget", "TerminationByKubelet", "The node was low on resource: memory.", since=31)
SHUTDOWN: Status = {"reason": "Terminated", "message": "Pod was terminated in response to imminent node shutdown."}
OLD_SHUTDOWN: Status = {"reason": "Shutdown", "message": "Node is shutting, evicting pods"}
OWN_VOLUME: Status = {"reason": "Evicted", "message": 'Usage of EmptyDir volume "podium-shm" exceeds the limit "4Gi". '}
OWN_CONTAINER: Status = {
    "reason": "Evicted",
    "message": 'Container worker exceeded its local ephemeral storage limit "8Mi". ',
}
NO_DEVICES: Status = {
    "reason": "UnexpectedAdmissionError",
    "message": "Pod Allocate failed due to requested number of devices unavailable for nvidia.com/gpu.",
}
NO_PROGRAM = 'failed to create containerd task: exec: "train": executable file not found in $PATH: unknown'
UNLOCATED = "The container could not be located when the pod was terminated"

ENDS = [
    # A container that ended by itself: its exit code speaks.
    row("done", job(), pod("Succeeded", state=terminated(0, "Completed")), code=0, reason=None),
    row("done, seen before the Pod's phase", job(), pod(state=terminated(0, "Completed")), code=0, reason=None),
    row("a bug", job(failed()), pod("Failed", state=terminated(1)), code=1, reason=None),
    row("infeasible", job(failed()), pod("Failed", state=terminated(65)), code=65, reason=None),
    row("out of accelerator memory", job(failed()), pod("Failed", state=terminated(66)), code=66, reason=None),
    row("left by itself with 75", job(failed()), pod("Failed", state=terminated(75)), code=75, reason=None),
    row("killed by nobody knows whom", job(failed()), pod("Failed", state=terminated(137)), code=137, reason=None),
    row("a segmentation fault", job(failed()), pod("Failed", state=terminated(139)), code=139, reason=None),
    # Memory.
    row("OOM kill of the first process", job(failed()), pod("Failed", state=terminated(137, "OOMKilled")),
        code=137, reason=EndReason.OUT_OF_MEMORY, words="memory limit"),
    row("OOM kill of a data loader", job(failed()), pod("Failed", state=terminated(1, "OOMKilled")),
        code=1, reason=EndReason.OUT_OF_MEMORY),
    row("OOM kill that was survived", job(), pod("Succeeded", state=terminated(0, "OOMKilled")), code=0, reason=None),
    row("OOM kill in a Pod that was being deleted", job(),
        deleting(pod("Failed", state=terminated(137, "OOMKilled")), due=-30),
        code=137, reason=EndReason.OUT_OF_MEMORY),
    row("OOM kill of a helper, told as infeasible", job(failed()), pod("Failed", state=terminated(65, "OOMKilled")),
        code=65, reason=None),
    # Disruptions.
    row("drained, old: only a deletion", job(), deleting(pod("Failed", state=terminated(75)), due=-30),
        code=75, reason=EndReason.PREEMPTED, words="its Pod was deleted"),
    row("drained, new", job(), deleting(pod("Failed", state=terminated(75), conditions=[DRAINED]), due=-30),
        code=75, reason=EndReason.PREEMPTED, words="EvictionByEvictionAPI: Eviction API: evicting"),
    row("drained, and the Job already failed", job(failed()),
        deleting(pod("Failed", state=terminated(75), conditions=[DRAINED]), due=-30),
        code=75, reason=EndReason.PREEMPTED),
    row("drained, killed after its grace", job(), deleting(pod("Failed", state=terminated(137)), due=-5),
        code=137, reason=EndReason.PREEMPTED),
    row("drained, a script without a handler", job(), deleting(pod("Failed", state=terminated(143)), due=-5),
        code=143, reason=EndReason.PREEMPTED),
    row("drained, a script that raises on SIGTERM", job(), deleting(pod("Failed", state=terminated(1)), due=-5),
        code=1, reason=EndReason.PREEMPTED),
    row("drained, a script that leaves with 0", job(),
        deleting(pod("Succeeded", state=terminated(0, "Completed")), due=-5),
        code=0, reason=EndReason.PREEMPTED),
    row("infeasible, and drained just then", job(), deleting(pod("Failed", state=terminated(65)), due=-5),
        code=65, reason=None),
    row("no accelerator memory, and drained just then", job(),
        deleting(pod("Failed", state=terminated(66), conditions=[DRAINED]), due=-5), code=66, reason=None),
    row("a bug, and deleted afterwards", job(failed()),
        deleting(pod("Failed", state=terminated(1, ended=300)), due=0, grace=0), code=1, reason=None),
    row("done, and its node was drained afterwards", job(),
        pod("Succeeded", state=terminated(0, "Completed", ended=300), conditions=[DRAINED]), code=0, reason=None),
    row("preempted by the scheduler", job(),
        deleting(pod("Failed", state=terminated(143), conditions=[SCHEDULER_PREEMPTED]), due=-5),
        code=143, reason=EndReason.PREEMPTED, words="PreemptionByScheduler"),
    row("deleted by a taint", job(), deleting(pod("Failed", state=terminated(143), conditions=[TAINTED]), due=-5),
        code=143, reason=EndReason.PREEMPTED, words="DeletionByTaintManager"),
    row("a condition that is not true", job(failed()),
        pod("Failed", state=terminated(1), conditions=[condition("DisruptionTarget", "x", is_true=False)]),
        code=1, reason=None),
    row("evicted by the kubelet, old: no container is told of", job(failed()), pod("Failed", **EVICTED),
        code=None, reason=EndReason.PREEMPTED, words="Evicted: The node was low on resource: memory."),
    row("evicted by the kubelet, new", job(failed()),
        pod("Failed", state=terminated(137), conditions=[KUBELET], **EVICTED),
        code=137, reason=EndReason.PREEMPTED, words="low on resource"),
    row("evicted, its container still told as running", job(failed()), pod("Failed", state=running(), **EVICTED),
        code=None, reason=EndReason.PREEMPTED, words="low on resource"),
    row("the node shuts down, 1.22 and later", job(failed()), pod("Failed", state=terminated(143), **SHUTDOWN),
        code=143, reason=EndReason.PREEMPTED, words="imminent node shutdown"),
    row("the node shuts down, before", job(failed()), pod("Failed", **OLD_SHUTDOWN),
        code=None, reason=EndReason.PREEMPTED, words="Node is shutting"),
    row("a critical Pod takes its place", job(failed()),
        pod("Failed", reason="Preempting", message="Preempted in order to admit critical pod"),
        code=None, reason=EndReason.PREEMPTED, words="critical pod"),
    row("the node refuses it: no devices", job(failed()), pod("Failed", **NO_DEVICES),
        code=None, reason=EndReason.PREEMPTED, words="devices unavailable"),
    *(row(f"the node refuses it: {why}", job(failed()), pod("Failed", reason=why, message="Pod was rejected"),
          code=None, reason=EndReason.PREEMPTED, words=why)
      for why in ("OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfnvidia.com/gpu", "NodeAffinity")),
    row("a failure without a word", job(failed()), pod("Failed"),
        code=None, reason=EndReason.PREEMPTED, words="does not say"),
    row("its container vanished", job(failed()),
        pod("Failed", state=terminated(137, "ContainerStatusUnknown", UNLOCATED)),
        code=137, reason=EndReason.PREEMPTED, words="vanished with its node"),
    # Its own limits: these come back on every node.
    *(row(f"its own limit: {name}", job(failed()), pod("Failed", **status),
          code=None, reason=EndReason.BUG, words="exceed")
      for name, status in (("disk", OWN_DISK), ("volume", OWN_VOLUME), ("container", OWN_CONTAINER))),
    row("its own limit, new", job(failed()), pod("Failed", state=terminated(137), conditions=[KUBELET], **OWN_DISK),
        code=137, reason=EndReason.BUG, words="exceeds the total limit"),
    row("its own limit, and its container's end is not known", job(failed()),
        pod("Failed", state=terminated(137, "ContainerStatusUnknown", UNLOCATED), **OWN_DISK),
        code=137, reason=EndReason.BUG, words="exceeds the total limit"),
    # Commands.
    row("no such command, containerd", job(failed()), pod("Failed", state=terminated(128, "StartError", NO_PROGRAM)),
        code=128, reason=EndReason.BUG, words="executable file not found"),
    row("no such command, docker", job(failed()),
        pod("Failed", state=terminated(127, "ContainerCannotRun", NO_PROGRAM)),
        code=127, reason=EndReason.BUG, words="executable file not found"),
    # Deadlines.
    row("past its deadline, old", job(LATE), deleting(pod("Failed", state=terminated(75)), due=-5),
        code=75, reason=EndReason.BUG, words="deadline"),
    row("past its deadline, 1.31 and later", job(LATE_SOON), deleting(pod("Failed", state=terminated(143)), due=-5),
        code=143, reason=EndReason.BUG, words="deadline"),
    row("past its deadline, Pod gone", job(LATE), gone=[deleting(pod(state=running()), due=0)],
        code=None, reason=EndReason.BUG, words="deadline"),
    row("past its deadline without a Pod", job(LATE), code=None, reason=EndReason.BUG, words="deadline"),
    row("past the Pod's own deadline", job(failed()), pod("Failed", reason="DeadlineExceeded"),
        code=None, reason=EndReason.BUG, words="deadline"),
    row("infeasible at its deadline", job(LATE), deleting(pod("Failed", state=terminated(65)), due=-5),
        code=65, reason=None),
    # Pods that are no more.
    row("its Pod vanished while it ran", job(), gone=[pod(state=running())],
        code=None, reason=EndReason.PREEMPTED, words="its Pod was deleted"),
    row("its Pod vanished before it ran", job(), gone=[pod("Pending", node=None, conditions=[unscheduled()])],
        code=None, reason=EndReason.PREEMPTED, words="its Pod was deleted"),
    row("its Pod vanished after it had ended", job(), gone=[pod("Failed", state=terminated(1, ended=300))],
        code=1, reason=None),
    row("its Pod vanished while it was being deleted", job(),
        gone=[deleting(pod("Failed", state=terminated(75)), due=0)],
        code=75, reason=EndReason.PREEMPTED),
    row("its Pod vanished and was replaced", job(), pod(state=running(10), uid="1c-pod", age_seconds=20),
        gone=[pod(state=running())], code=None, reason=EndReason.PREEMPTED, words="its Pod was deleted"),
    row("its Pod vanished and was replaced within a second", job(), pod("Pending", uid="1c-pod"),
        gone=[pod(state=running(), uid="9b-pod")], code=None, reason=EndReason.PREEMPTED),
    row("its Pod vanished, new: the Job has failed", job(failed()), gone=[pod(state=running(), conditions=[TAINTED])],
        code=None, reason=EndReason.PREEMPTED, words="taint"),
    row("its first Pod failed and was replaced", job(), pod("Failed", state=terminated(1)),
        pod(state=running(10), uid="1c-pod", age_seconds=20), code=1, reason=None),
    row("failed, and no Pod is there to say why", job(failed()),
        code=None, reason=EndReason.PREEMPTED, words="BackoffLimitExceeded"),
    row("complete, and its Pod is gone", job(condition("Complete")), code=0, reason=None),
    row("its node is lost", job(), deleting(pod(state=running(), reason="NodeLost"), due=61),
        code=None, reason=EndReason.PREEMPTED, words="node node-a is lost"),
]  # fmt: skip


@pytest.mark.parametrize(("documents", "gone", "code", "reason", "words"), ENDS)
def test_an_end_is_told_as(documents: Any, gone: Any, code: int | None, reason: EndReason | None, words: str) -> None:
    job_seen = looked_at(*documents, gone=gone)
    assert job_seen.phase is (JobPhase.SUCCEEDED if code == 0 else JobPhase.FAILED)
    assert (job_seen.exit_code, job_seen.reason) == (code, reason)
    assert words in job_seen.words
    assert bool(job_seen.words) or reason is None, "what the cluster knows, it says in words"
    assert job_seen.wait is None


@pytest.mark.parametrize(("documents", "gone", "code", "reason", "words"), ENDS)
def test_an_end_names_its_node(documents: Any, gone: Any, code: int, reason: EndReason, words: str) -> None:
    pods = [*documents[1:], *gone]
    has_place = any("nodeName" in one["spec"] for one in pods)
    assert looked_at(*documents, gone=gone).node == ("node-a" if has_place else None)


def test_an_end_is_told_as_of_when_it_came() -> None:
    """By the container; where it tells nothing, by the Job; where nothing is over but a Pod that is gone, by nobody."""
    container = pod("Failed", state=terminated(1, ended=300))
    assert ended_ago(looked_at(job(failed()), container)) == 300
    assert ended_ago(looked_at(job(condition("Complete", since=200)))) == 200
    assert ended_ago(looked_at(job(failed()))) == 60
    assert ended_ago(looked_at(job(failed()), pod("Failed", **EVICTED))) == 60
    assert ended_ago(looked_at(job(), gone=[pod(state=running())])) is None
    assert ended_ago(looked_at(job(), pod(state=running()))) is None


def ended_ago(seen: SeenJob) -> float | None:
    return None if seen.ended_at is None else (NOW - seen.ended_at).total_seconds()
