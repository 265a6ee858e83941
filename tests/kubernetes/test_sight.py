"""What is seen of a Job and its Pods: active until they have ended, however its Job and the API tell of them."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from controller.endings import why_it_ended
from controller.kubernetes.documents import read_job, read_pod
from controller.kubernetes.sight import needs_its_pod, seen, seen_without_job
from controller.plan import JobPhase
from tests.kubernetes.documents import (
    NOW,
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
from tests.kubernetes.looking import DRAINED, EVICTED, IMAGE_WAITS, LATE, LATE_SOON, OWN_DISK, looked_at, read


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
