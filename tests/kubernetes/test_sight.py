"""What is seen of a Job and its Pods: the taxonomy, row by row, over the statuses that old and new versions write."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from controller.endings import why_it_ended
from controller.kubernetes.documents import PodDocument, Waiting, read_job, read_pod
from controller.kubernetes.sight import needs_its_pod, seen, seen_without_job
from controller.plan import JobPhase, SeenJob, Wait, WaitsFor
from podium.taxonomy import EndReason
from tests.kubernetes.documents import (
    NOW,
    SCHEDULED,
    ago,
    condition,
    deleting,
    failed,
    job,
    pod,
    running,
    terminated,
    unscheduled,
    waiting,
)


def looked_at(a_job: Any, *pods: Any, gone: Any = ()) -> SeenJob:
    lost = [read(document, is_gone=True) for document in gone]
    return seen(read_job(a_job), [read(document) for document in pods] + lost, NOW)


def read(document: Any, *, is_gone: bool = False) -> PodDocument:
    found = read_pod(document, now=NOW)
    assert found is not None
    return found if not is_gone else PodDocument(**{**_fields(found), "is_gone": True})


def _fields(document: PodDocument) -> dict[str, Any]:
    return {name: getattr(document, name) for name in PodDocument.__slots__}


def row(name: str, *documents: Any, gone: Any = (), code: int | None, reason: EndReason | None, words: str = "") -> Any:
    """State how an attempt ends: its exit code, the cluster's own reason, and what its words hold."""
    return pytest.param(documents, gone, code, reason, words, id=name)


Status = dict[str, Any]

DRAINED = condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting", since=60)
SCHEDULER_PREEMPTED = condition("DisruptionTarget", "PreemptionByScheduler", "default-scheduler: preempting", since=60)
TAINTED = condition(
    "DisruptionTarget", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", since=60
)
KUBELET = condition("DisruptionTarget", "TerminationByKubelet", "The node was low on resource: memory.", since=31)
EVICTED: Status = {"reason": "Evicted", "message": "The node was low on resource: memory. "}
SHUTDOWN: Status = {"reason": "Terminated", "message": "Pod was terminated in response to imminent node shutdown."}
OLD_SHUTDOWN: Status = {"reason": "Shutdown", "message": "Node is shutting, evicting pods"}
OWN_DISK: Status = {
    "reason": "Evicted",
    "message": "Pod ephemeral local storage usage exceeds the total limit of containers 8Mi. ",
}
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
LATE = failed("DeadlineExceeded", "Job was active longer than specified deadline")
LATE_SOON = condition("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")

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


UNPULLED = 'rpc error: code = NotFound desc = failed to pull and unpack image "a/b:1": not found'
IMAGE_WAITS = [
    waiting("ErrImagePull", UNPULLED),
    waiting("ImagePullBackOff", 'Back-off pulling image "a/b:1"'),
    waiting("ErrImageNeverPull", 'Container image "a/b:1" is not present with pull policy of Never'),
    waiting("InvalidImageName", "couldn't parse image reference"),
    waiting("ImageInspectError", "Failed to inspect image"),
    waiting("RegistryUnavailable", "registry is not available"),
    waiting("SignatureValidationFailed", "no signature"),
    waiting("CreateContainerConfigError", 'secret "s3" not found'),
    waiting("CreateContainerError", "no command specified"),
]


@pytest.mark.parametrize("state", IMAGE_WAITS, ids=lambda state: state["waiting"]["reason"])
def test_a_container_that_cannot_be_created_waits_since_that_is_known(state: Any) -> None:
    job_seen = looked_at(job(), pod("Pending", state=state, conditions=[SCHEDULED]))
    assert job_seen.phase is JobPhase.ACTIVE
    assert job_seen.wait == Wait(
        what=WaitsFor.IMAGE,
        since=NOW,
        words=f"{state['waiting']['reason']}: {state['waiting']['message']}",
    )
    assert job_seen.started_at is None


def test_between_two_tries_to_pull_it_is_still_said_what_went_wrong() -> None:
    first = read_pod(pod("Pending", state=IMAGE_WAITS[0]), now=NOW)
    then = read_pod(pod("Pending", state=IMAGE_WAITS[1]), first)
    assert then is not None
    assert then.container == Waiting(reason="ErrImagePull", message=UNPULLED, since=NOW)
    newer = 'Back-off pulling image "a/b:1": ErrImagePull: ' + UNPULLED
    now = read_pod(pod("Pending", state=waiting("ImagePullBackOff", newer)), first)
    assert now is not None
    assert now.container == Waiting(reason="ImagePullBackOff", message=newer, since=NOW)


def test_an_image_fails_since_its_first_fault_and_anew_once_it_was_on_its_way() -> None:
    def read_at(state: Any, minute: int, before: PodDocument | None) -> PodDocument:
        document = pod("Pending", state=state, conditions=[scheduled(minutes_ago=60)])
        found = read_pod(document, before, now=NOW + timedelta(minutes=minute))
        assert found is not None
        return found

    def failing_since(document: PodDocument) -> timedelta | None:
        wait = seen(read_job(job()), [document], NOW).wait
        return wait.since - NOW if wait is not None and wait.what is WaitsFor.IMAGE else None

    first = read_at(IMAGE_WAITS[0], 6, read_at(waiting("ContainerCreating"), 0, None))
    assert failing_since(first) == timedelta(minutes=6)
    then = read_at(IMAGE_WAITS[0], 8, read_at(IMAGE_WAITS[1], 7, first))
    assert failing_since(then) == timedelta(minutes=6)
    assert then == first, "nothing has changed"
    pulled = read_at(waiting("ContainerCreating"), 9, then)
    assert failing_since(pulled) is None
    assert failing_since(read_at(IMAGE_WAITS[8], 10, pulled)) == timedelta(minutes=10)


def test_a_pod_without_a_node_waits_in_the_schedulers_words() -> None:
    job_seen = looked_at(job(), pod("Pending", node=None, conditions=[unscheduled()]))
    assert job_seen.wait == Wait(
        what=WaitsFor.NODE,
        since=NOW - timedelta(seconds=120),
        words="0/1 nodes are available: 1 Insufficient cpu.",
    )


def test_a_pod_behind_a_gate_waits_for_quota() -> None:
    gated = unscheduled("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")
    job_seen = looked_at(job(), pod("Pending", node=None, conditions=[gated]))
    assert job_seen.wait is not None
    assert job_seen.wait.what is WaitsFor.QUOTA


def test_a_suspended_job_waits_for_quota_and_never_for_a_node() -> None:
    job_seen = looked_at(job(condition("Suspended", "JobSuspended", since=40), suspend=True))
    assert job_seen.wait == Wait(
        what=WaitsFor.QUOTA, since=NOW - timedelta(seconds=40), words="its Job is suspended in queue research"
    )
    just_created = looked_at(job(suspend=True, age_seconds=1))
    assert just_created.wait is not None
    assert just_created.wait.since == NOW - timedelta(seconds=1)


def test_a_job_that_was_resumed_is_suspended_no_more() -> None:
    resumed = job(condition("Suspended", "JobResumed", is_true=False), suspend=False)
    assert looked_at(resumed, pod(state=running())).wait is None


RESUMED = condition("Suspended", "JobResumed", since=5, is_true=False)


@pytest.mark.parametrize(
    ("conditions", "status"),
    [([RESUMED], {}), ([], {"startTime": ago(5)}), ([RESUMED], {"startTime": ago(7000)})],
    ids=["by its condition", "by its start", "by the later of both"],
)
def test_a_job_that_a_queue_held_for_hours_waits_for_a_node_since_it_was_resumed(
    conditions: list[Status], status: Status
) -> None:
    held = job(*conditions, age_seconds=7200, suspend=False)
    held["status"] |= status
    assert looked_at(held).wait is None
    late = seen(read_job(held), [], NOW + timedelta(seconds=10)).wait
    assert late is not None
    assert (late.what, late.since) == (WaitsFor.NODE, NOW - timedelta(seconds=5))
    fresh = pod("Pending", node=None, age_seconds=4)
    assert looked_at(held, fresh).wait is None
    late = seen(read_job(held), [read(fresh)], NOW + timedelta(seconds=10)).wait
    assert late is not None
    assert (late.what, late.since) == (WaitsFor.NODE, NOW - timedelta(seconds=4))


def test_a_job_that_gets_no_pod_waits_and_says_where_to_look() -> None:
    assert looked_at(job(age_seconds=5)).wait is None
    late = looked_at(job(age_seconds=15))
    assert late.wait is not None
    assert (late.wait.what, late.wait.since) == (WaitsFor.NODE, NOW - timedelta(seconds=15))
    assert "kubectl describe job cars-t1-e3-a1" in late.wait.words


def test_a_pod_that_no_scheduler_looks_at_waits() -> None:
    assert looked_at(job(), pod("Pending", node=None, age_seconds=5)).wait is None
    late = looked_at(job(), pod("Pending", node=None, age_seconds=15))
    assert late.wait is not None
    assert late.wait.what is WaitsFor.NODE


def scheduled(*, minutes_ago: int) -> dict[str, str]:
    at = NOW - timedelta(minutes=minutes_ago)
    return {"type": "PodScheduled", "status": "True", "lastTransitionTime": at.isoformat()}


@pytest.mark.parametrize("state", [None, waiting("ContainerCreating"), waiting("PodInitializing"), running()])
def test_a_container_that_is_on_its_way_or_runs_does_not_wait(state: Any) -> None:
    job_seen = looked_at(job(), pod("Pending", state=state, conditions=[scheduled(minutes_ago=1)]))
    assert (job_seen.phase, job_seen.wait, job_seen.node) == (JobPhase.ACTIVE, None, "node-a")


def test_a_container_that_is_long_in_coming_is_told_and_given_its_nodes_grace() -> None:
    document = pod("Pending", state=waiting("ContainerCreating"), conditions=[scheduled(minutes_ago=4)])
    seen_late = looked_at(job(), document)
    assert seen_late.wait is not None
    assert (seen_late.wait.what, seen_late.wait.since) == (WaitsFor.CONTAINER, NOW - timedelta(minutes=4))
    assert "kubectl describe pod" in seen_late.wait.words


def test_a_container_that_runs_has_started() -> None:
    assert looked_at(job(), pod(state=running(500))).started_at == NOW - timedelta(seconds=500)


@pytest.mark.parametrize(
    "a_job",
    [
        job(),
        job(failed()),
        job(LATE),
        job(LATE_SOON),
        job(condition("FailureTarget", "BackoffLimitExceeded")),
        job(condition("SuccessCriteriaMet", "CompletionsReached")),
        job(condition("Complete")),
        job(suspend=True),
    ],
    ids=["active", "failed", "late", "late soon", "fails soon", "succeeds soon", "complete", "suspended"],
)
@pytest.mark.parametrize("due", [-30, 0, 60])
def test_a_pod_that_is_being_deleted_may_leave_in_its_own_time(a_job: Any, due: float) -> None:
    job_seen = looked_at(a_job, deleting(pod(state=running()), due=due))
    assert (job_seen.phase, job_seen.reason, job_seen.wait) == (JobPhase.ACTIVE, None, None)
    assert job_seen.started_at is not None


@pytest.mark.parametrize("kind", ["FailureTarget", "SuccessCriteriaMet"])
def test_what_a_job_is_about_to_be_it_is_not_yet(kind: str) -> None:
    assert looked_at(job(condition(kind, "PodFailurePolicy"))).phase is JobPhase.ACTIVE
    assert looked_at(job(condition(kind, "BackoffLimitExceeded")), pod(state=running())).phase is JobPhase.ACTIVE


def test_a_condition_that_is_not_true_is_no_end() -> None:
    assert looked_at(job(condition("Failed", is_true=False)), pod(state=running())).phase is JobPhase.ACTIVE


def test_sidecars_do_not_count() -> None:
    document = pod(state=running())
    document["status"]["containerStatuses"].insert(0, {"name": "istio-proxy", "state": terminated(0)})
    assert looked_at(job(), document).phase is JobPhase.ACTIVE
    document = pod(state=terminated(3))
    document["status"]["containerStatuses"].insert(0, {"name": "istio-proxy", "state": running()})
    assert looked_at(job(), document).exit_code == 3


def test_a_pod_whose_job_was_deleted_is_active_until_it_has_ended() -> None:
    alive = seen_without_job(read(deleting(pod(state=running()), due=-30)), NOW)
    assert alive is not None
    assert (alive.name, alive.phase, alive.node) == ("cars-t1-e3-a1", JobPhase.ACTIVE, "node-a")
    assert seen_without_job(read(pod("Pending", node=None)), NOW) is not None
    assert seen_without_job(read(pod("Failed", state=terminated(75))), NOW) is None
    assert seen_without_job(read(deleting(pod(state=running()), due=61)), NOW) is None
    assert seen_without_job(read(pod(state=running()), is_gone=True), NOW) is None


def test_only_a_failure_that_the_job_does_not_explain_needs_its_pod() -> None:
    assert needs_its_pod(read_job(job(failed())))
    assert not needs_its_pod(read_job(job(LATE)))
    assert not needs_its_pod(read_job(job(condition("Complete"))))
    assert not needs_its_pod(read_job(job()))


def test_a_pod_that_no_job_owns_is_not_ours() -> None:
    document = pod()
    document["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "a", "uid": "b"}]
    assert read_pod(document) is None
    del document["metadata"]["ownerReferences"]
    assert read_pod(document) is None


def test_what_the_api_may_leave_out_may_be_left_out() -> None:
    bare = {"name": "a", "uid": "b", "resourceVersion": "1", "creationTimestamp": ago(5)}
    owner = [{"apiVersion": "batch/v1", "kind": "Job", "name": "cars-t1-e3-a1", "uid": "5a-job"}]
    assert looked_at({"metadata": bare}).phase is JobPhase.ACTIVE
    assert looked_at({"metadata": bare}, {"metadata": {**bare, "ownerReferences": owner}}).phase is JobPhase.ACTIVE
    assert read_pod({"metadata": {**bare, "ownerReferences": owner}, "status": {"containerStatuses": None}}) is not None
    unknown = pod("Failed", state={"terminated": {"exitCode": 1, "startedAt": None, "finishedAt": None}})
    assert looked_at(job(), unknown).exit_code == 1


def test_every_pod_is_either_active_or_over_whatever_its_job_says() -> None:
    """The product of everything: no combination is forgotten, and none is told in contradictory terms."""
    jobs = [job(), job(failed()), job(LATE), job(LATE_SOON), job(condition("Complete")), job(suspend=True)]
    states = [
        None,
        running(),
        waiting("ContainerCreating"),
        IMAGE_WAITS[0],
        *(terminated(n) for n in (0, 1, 65, 75, 137)),
    ]
    statuses: list[dict[str, Any]] = [{}, EVICTED, OWN_DISK, {"conditions": [DRAINED]}, {"conditions": [unscheduled()]}]
    for a_job, phase, state, status in itertools.product(jobs, ("Pending", "Running", "Failed"), states, statuses):
        plain = pod(phase, state=state, **status)
        for document in (plain, deleting(plain, due=-5), deleting(plain, due=70)):
            for is_gone in (False, True):
                job_seen = seen(read_job(a_job), [read(document, is_gone=is_gone)], NOW)
                if job_seen.phase is JobPhase.ACTIVE:
                    assert (job_seen.exit_code, job_seen.reason, job_seen.words) == (None, None, "")
                    assert not is_gone
                else:
                    assert (job_seen.phase is JobPhase.SUCCEEDED) == (job_seen.exit_code == 0)
                    assert job_seen.reason is not None or job_seen.exit_code is not None
                    assert (job_seen.wait, job_seen.node) == (None, "node-a")
                    assert why_it_ended(job_seen.exit_code, has_progressed=True)
