"""What a cluster tells of Jobs, and what the service makes of it: waits, nodes, memory, silence."""

from datetime import timedelta

import pytest

from controller.cluster import JobRefused
from controller.jobs import JobRequest
from controller.plan import JobPhase, SeenJob, Wait, WaitsFor
from controller.storms import STORM
from podium.taxonomy import EndReason
from tests.service import API, FakeCluster, Service

RESOURCES = {"limits": {"memory": "1Gi", "nvidia.com/gpu": 2}}


def wait_for_a_node(service: Service, job: str) -> None:
    wait = Wait(what=WaitsFor.NODE, since=service.clock.now, words="0/3 nodes are available: 3 Insufficient cpu")
    service.cluster.shows(job, wait=wait)
    service.settle()


def test_a_wait_is_told_in_the_clusters_own_words_and_forgotten_once_it_is_over(service: Service) -> None:
    experiment = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    wait_for_a_node(service, job)
    [told] = service.read(f"{experiment}/attempts")["items"]
    assert told["waiting"] == "waits for a node: 0/3 nodes are available: 3 Insufficient cpu"
    assert "3 Insufficient cpu" in service.read(experiment)["message"]
    service.cluster.shows(job, wait=None, node="node1", started_at=service.clock.now)
    service.settle()
    [told] = service.read(f"{experiment}/attempts")["items"]
    assert (told["waiting"], told["node"]) == ("", "node1")
    assert "Insufficient" not in service.read(experiment)["message"]


def test_jobs_that_never_start_pause_their_experiment_and_cost_no_trial_anything(service: Service) -> None:
    experiment = service.create(parallelism=1)
    for _ in range(STORM):
        service.settle()
        [job] = service.active()
        wait = Wait(what=WaitsFor.IMAGE, since=service.clock.now, words='image "nothing:1" is not there')
        service.cluster.shows(job, wait=wait)
        service.clock.advance(300)
        service.settle()
        service.clock.advance(300)
    found = service.read(experiment)
    assert found["state"] == "paused"
    assert "nothing:1" in found["message"]
    [trial] = service.read(f"{experiment}/trials")["items"]
    assert trial["state"] == "running"
    assert {each["end_reason"] for each in service.read(f"{experiment}/attempts")["items"][:STORM]} == {
        EndReason.SCHEDULING
    }


def test_a_job_that_the_cluster_refuses_is_told_and_tried_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(cluster: FakeCluster, request: JobRequest) -> None:
        raise JobRefused("exceeded quota: jobs.batch=0")

    experiment = service.create(parallelism=1)
    with monkeypatch.context() as patch:
        patch.setattr(FakeCluster, "create_job", refuse)
        service.settle()
        [told] = service.read(f"{experiment}/attempts")["items"]
        assert (told["state"], told["waiting"]) == (
            "pending",
            "the cluster refused its Job: exceeded quota: jobs.batch=0",
        )
        service.clock.advance(300)
        service.settle()
        [first, second] = service.read(f"{experiment}/attempts")["items"]
        assert first["end_reason"] == EndReason.SCHEDULING, "it was refused for the whole of its grace"
    service.clock.advance(30)
    service.settle()
    assert service.active() == [second["job"]]


def test_a_quota_that_is_spent_is_waited_for_as_long_as_a_node(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(cluster: FakeCluster, request: JobRequest) -> None:
        raise JobRefused("exceeded quota: jobs.batch=0", may_pass=True)

    experiment = service.create(parallelism=1)
    with monkeypatch.context() as patch:
        patch.setattr(FakeCluster, "create_job", refuse)
        for _ in range(20):
            service.settle()
            service.clock.advance(170)
        [told] = service.read(f"{experiment}/attempts")["items"]
        assert told["state"] == "pending"
    service.settle()
    assert service.active() == [told["job"]]


def test_a_run_out_of_memory_is_tried_once_more_with_more_of_it(service: Service) -> None:
    experiment = service.create(
        parallelism=1,
        trial={
            "command": ["true"],
            "resources": RESOURCES,
            "rungs": {name: {"outOfMemoryFactor": 1.5} for name in ("small", "medium", "full")},
        },
    )
    for attempt, memory in ((1, "1Gi"), (2, "1536Mi")):
        service.settle()
        [job] = service.active()
        assert job.endswith(f"-a{attempt}")
        resources = service.cluster.requests[job].pod.resources
        assert resources is not None
        assert resources.limits == {"memory": memory, "nvidia.com/gpu": "2"}
        service.cluster.exit(job, 137, reason=EndReason.OUT_OF_MEMORY, words="OOMKilled", node="node1")
    service.settle()
    assert service.read(f"{experiment}/trials/1")["state"] == "failed"
    first = service.read(f"{experiment}/attempts")["items"][0]
    assert first["detail"] == "OOMKilled; attempt 2 has 1.5 times the memory"
    assert first["accelerators"] == 2


def fail_on(service: Service, job: str, node: str) -> None:
    service.cluster.exit(job, 1, node=node)
    service.settle()


def test_a_node_that_fails_trial_after_trial_is_avoided_and_named_and_no_trial_pays(service: Service) -> None:
    experiment = service.create(parallelism=4, max_attempts=1)
    service.settle()
    first, second, third, good = service.active()
    service.cluster.seen[good] = SeenJob(name=good, phase=JobPhase.ACTIVE, node="good")
    service.finish(good)
    service.cluster.exit(good, 0, node="good")
    service.settle()
    for job in (first, second, third):
        fail_on(service, job, "broken")
    blamed = {each["job"]: each for each in service.read(f"{experiment}/attempts")["items"]}[third]
    assert blamed["end_reason"] == EndReason.BAD_NODE
    assert "node broken" in blamed["detail"]
    follows = third.removesuffix("1") + "2"
    assert service.cluster.requests[follows].placement.avoided_nodes == ("broken",)


def test_an_experiment_that_fails_everywhere_spoils_no_node_for_others(service: Service) -> None:
    service.create(name="healthy", parallelism=1)
    service.settle()
    [good] = service.active()
    service.cluster.shows(good, node="cpu1")
    service.finish(good)
    service.cluster.exit(good, 0, node="cpu1")
    broken = service.create(name="broken", parallelism=6, max_attempts=1)
    service.settle()
    for job in [name for name in service.active() if name.startswith("broken")][:3]:
        fail_on(service, job, "gpu1")
    ended = [each for each in service.read(f"{broken}/attempts")["items"] if each["end_reason"]]
    assert {each["end_reason"] for each in ended} == {EndReason.BUG}
    assert service.read(broken)["state"] == "paused", "its own fault is told as its own"


def test_jobs_that_wait_pause_nothing_while_others_of_the_experiment_run(service: Service) -> None:
    experiment = service.create(parallelism=4)
    service.settle()
    running, *waiting = service.active()
    service.cluster.shows(running, node="node1", started_at=service.clock.now)
    for job in waiting:
        service.cluster.shows(job, wait=Wait(what=WaitsFor.NODE, since=service.clock.now, words="no GPU is free"))
    service.clock.advance(3600)
    service.settle()
    ended = [each for each in service.read(f"{experiment}/attempts")["items"] if each["end_reason"]]
    assert len(ended) >= STORM
    assert service.read(experiment)["state"] == "running"


def test_what_failed_before_a_resume_does_not_pause_again(service: Service) -> None:
    experiment = service.create(parallelism=1, max_attempts=1)
    for _ in range(STORM):
        service.settle()
        [job] = service.active()
        fail_on(service, job, "node1")
    assert service.read(experiment)["state"] == "paused"
    service.http.post(f"{API}/experiments/{experiment}/resume")
    service.settle()
    [job] = service.active()
    fail_on(service, job, "node1")
    assert service.read(experiment)["state"] == "running"


def test_a_refusal_is_counted_from_the_first_and_not_from_the_attempts_creation(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(cluster: FakeCluster, request: JobRequest) -> None:
        raise JobRefused("denied by policy")

    experiment = service.create(parallelism=1, baseline=None)
    service.http.post(f"{API}/experiments/{experiment}/pause")
    service.clock.advance(8 * 3600)
    with monkeypatch.context() as patch:
        patch.setattr(FakeCluster, "create_job", refuse)
        service.http.post(f"{API}/experiments/{experiment}/resume")
        service.settle()
        service.clock.advance(200)
        service.settle()
    [told] = service.read(f"{experiment}/attempts")["items"]
    assert told["state"] == "pending"


def test_where_everything_fails_everywhere_no_node_is_to_blame(service: Service) -> None:
    experiment = service.create(parallelism=4, max_attempts=1)
    service.settle()
    for number, job in enumerate(service.active()):
        fail_on(service, job, f"node{number % 2}")
    reasons = {each["end_reason"] for each in service.read(f"{experiment}/attempts")["items"]}
    assert EndReason.BAD_NODE not in reasons


def test_a_retry_would_rather_run_elsewhere(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    fail_on(service, job, "node1")
    [retry] = service.active()
    assert service.cluster.requests[retry].placement.disliked_nodes == ("node1",)


def test_a_worker_that_never_reports_is_given_up_and_tried_again(service: Service) -> None:
    rungs = {name: {"silenceSeconds": 60} for name in ("small", "medium", "full")}  # over the trial's own
    experiment = service.create(parallelism=1, trial={"command": ["true"], "silenceSeconds": 9999, "rungs": rungs})
    service.settle()
    [job] = service.active()
    service.clock.advance(7200)
    service.settle()
    assert service.active() == [job], "what has not started has nothing to say"
    service.cluster.shows(job, node="node1", started_at=service.clock.now)
    service.clock.advance(59)
    service.settle()
    assert service.active() == [job]
    service.clock.advance(2)
    service.settle()
    [retry] = service.active()
    assert retry.endswith("-a2")
    assert "without a report for 60 s" in service.read(f"{experiment}/attempts")["items"][0]["detail"]


def test_the_deadline_of_a_job_is_learned_from_the_epochs_before(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [first] = service.active()
    assert service.cluster.requests[first].placement.deadline_seconds is None
    service.finish(first)
    service.settle()
    [second] = service.active()
    deadline = service.cluster.requests[second].placement.deadline_seconds
    assert deadline is not None
    assert deadline > timedelta(hours=1).total_seconds(), "it may wait for its node that long"


def test_a_rung_has_its_own_pod(service: Service) -> None:
    spot = {"nodeSelector": {"spot": "true"}, "env": {"COLOR": "green"}}
    service.create(
        parallelism=1,
        trial={
            "command": ["true"],
            "image": "train:1",
            "env": {"A": "1"},
            "rungs": {"small": spot, "medium": spot, "full": {"image": "train:2"}},
        },
    )
    service.settle()
    [job] = service.active()
    request = service.cluster.requests[job]
    is_full = request.key.epochs == 4
    assert request.pod.image == ("train:2" if is_full else "train:1")
    assert request.env["A"] == "1"
    assert request.env.get("COLOR") == (None if is_full else "green")
