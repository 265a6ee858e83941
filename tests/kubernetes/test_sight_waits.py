"""What keeps a Job from running, since when, and in whose words."""

from datetime import timedelta
from typing import Any

import pytest

from controller.kubernetes.documents import PodDocument, Waiting, read_job, read_pod
from controller.kubernetes.sight import seen
from controller.plan import JobPhase, Wait, WaitsFor
from tests.kubernetes.documents import NOW, SCHEDULED, ago, condition, job, pod, running, unscheduled, waiting
from tests.kubernetes.looking import IMAGE_WAITS, UNPULLED, Status, looked_at, read, scheduled


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
