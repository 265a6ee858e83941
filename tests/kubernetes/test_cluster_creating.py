"""The cluster's verbs against a server that refuses, is busy, and loses answers."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from controller.cluster import ClusterAway, JobEvent, JobRefused
from controller.jobs import JobRequest
from controller.kubernetes.cluster import KubernetesCluster
from controller.kubernetes.job import House
from controller.kubernetes.reflector import Timing
from controller.plan import JobPhase, WaitsFor
from podium.pod import PodShape
from podium.taxonomy import EndReason
from tests.cluster_behaviour import request, told
from tests.kubernetes.api_server import NAMESPACE, Answer, ApiServer, Request, api_server
from tests.kubernetes.documents import condition, failed, running, terminated

QUICK = Timing(first_pause_seconds=0.01, longest_pause_seconds=0.05, watch_seconds=30)
HOUSE = House(namespace=NAMESPACE, controller="podium")


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as server:
        yield server


@pytest.fixture
def cluster(server: ApiServer) -> Iterator[KubernetesCluster]:
    cluster = KubernetesCluster(server.api(), HOUSE, timing=QUICK)
    yield cluster
    cluster.close()


def start(server: ApiServer, job: str = "trial-a1", state: Any = None, phase: str = "Running", **meta: Any) -> str:
    """Give a Job its Pod, as the Job controller and a kubelet do; return its name."""
    name, uid = f"{job}-x7c2p", server.get("jobs", job)["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": uid}
    pod = {
        "metadata": {"name": name, "ownerReferences": [owner], **meta},
        "spec": {"nodeName": "node-a"},
        "status": {"phase": phase, "containerStatuses": [{"name": "worker", "state": state or running()}]},
    }
    server.put("pods", pod)
    return name


def end(server: ApiServer, job: str, *conditions: Any) -> None:
    server.put("jobs", {**server.get("jobs", job), "status": {"conditions": list(conditions)}})


def posted(server: ApiServer, kind: str) -> list[Request]:
    return [one for one in server.requests if (one.method, one.kind) == ("POST", kind)]


def deleted(server: ApiServer) -> list[Request]:
    return [one for one in server.requests if one.method == "DELETE"]


def refusing(kind: str, *answers: Answer, method: str = "POST") -> Any:
    """Return a rule that gives these answers to the first requests of a kind."""
    left = iter(answers)
    return lambda asked: next(left, None) if (asked.method, asked.kind) == (method, kind) else None


def test_a_job_is_seen_at_once_and_its_secret_belongs_to_it(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.rule = lambda asked: Answer(503) if asked.is_watch else None
    cluster.create_job(request("trial-a1", "exit 0"))
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    (reference,) = server.get("secrets", "trial-a1")["metadata"]["ownerReferences"]
    assert reference["uid"] == server.get("jobs", "trial-a1")["metadata"]["uid"]


def test_creating_twice_creates_once_and_completes_what_is_missing(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    server.rule = refusing("secrets", Answer(503, "away"))
    with pytest.raises(ClusterAway, match="away"):
        cluster.create_job(request("trial-a1", "exit 0"))
    uid = server.get("jobs", "trial-a1")["metadata"]["uid"]
    for _ in range(2):
        cluster.create_job(request("trial-a1", "exit 0"))
    assert server.get("jobs", "trial-a1")["metadata"]["uid"] == uid
    (reference,) = server.get("secrets", "trial-a1")["metadata"]["ownerReferences"]
    assert reference["uid"] == uid


def test_a_job_that_exists_is_seen_even_if_the_watch_has_not_told_of_it(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    assert cluster.jobs() == {}
    server.rule = lambda asked: Answer(503) if asked.is_watch or asked.is_list else None
    server.cut()
    server.put("jobs", {"metadata": {"name": "trial-a1"}})
    cluster.create_job(request("trial-a1", "exit 0"))
    assert set(cluster.jobs()) == {"trial-a1"}


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_job_that_is_not_had_is_refused_in_the_servers_words(
    server: ApiServer, cluster: KubernetesCluster, status: int
) -> None:
    server.rule = refusing("jobs", Answer(status, "spec.template.spec.containers[0].image: Required value"))
    with pytest.raises(JobRefused, match="image: Required value"):
        cluster.create_job(request("trial-a1", "exit 0"))


def test_a_pod_without_an_image_is_refused_before_anybody_is_asked(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    with pytest.raises(JobRefused, match="PODIUM_WORKER_IMAGE"):
        cluster.create_job(replace(request("trial-a1", "exit 0"), pod=PodShape()))
    assert posted(server, "jobs") == []


BUSY = [
    Answer(429, "busy"),
    Answer(500, "busy", {"Retry-After": "0"}),
    Answer(502, "busy"),
    Answer(503, "busy"),
    Answer(504, "busy"),
]


@pytest.mark.parametrize("answer", BUSY)
def test_a_busy_server_is_away(server: ApiServer, cluster: KubernetesCluster, answer: Answer) -> None:
    server.rule = refusing("jobs", answer)
    with pytest.raises(ClusterAway, match="busy"):
        cluster.create_job(request("trial-a1", "exit 0"))
    cluster.create_job(request("trial-a1", "exit 0"))
    assert server.names("secrets") == {"trial-a1"}


@pytest.mark.parametrize("kind", ["jobs", "secrets"])
def test_a_webhook_that_fails_is_the_trouble_of_one_job(
    server: ApiServer, cluster: KubernetesCluster, kind: str
) -> None:
    server.rule = refusing(kind, Answer(500, 'failed calling webhook "x": connection refused'))
    with pytest.raises(JobRefused, match="failed calling webhook") as refused:
        cluster.create_job(request("trial-a1", "exit 0"))
    assert refused.value.may_pass
    assert server.names("jobs") == set()
    cluster.create_job(request("trial-a1", "exit 0"))
    assert server.names("jobs") == server.names("secrets") == {"trial-a1"}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_any_other_500_is_a_server_that_is_away(server: ApiServer, cluster: KubernetesCluster, method: str) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    server.rule = refusing("jobs", Answer(500, "etcdserver: no leader"), method=method)
    with pytest.raises(ClusterAway, match="no leader"):
        cluster.create_job(request("trial-a1", "exit 0")) if method == "GET" else cluster.delete_job("trial-a1")


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    server.rule = refusing("jobs", Answer(429, "busy", {"Retry-After": "1"}))
    with pytest.raises(ClusterAway):
        cluster.create_job(request("trial-a1", "exit 0"))
    cluster.create_job(request("trial-a1", "exit 0"))
    first, second = [one.at for one in posted(server, "jobs")]
    assert second - first >= 1


def test_a_server_that_is_gone_is_away(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.jobs()
    server.stop()
    with pytest.raises(ClusterAway, match="no answer from the API server"):
        cluster.create_job(request("trial-a1", "exit 0"))
    server.start()


def test_a_name_that_is_still_being_deleted_is_tried_again(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.put("jobs", {"metadata": {"name": "trial-a1", "deletionTimestamp": "2026-11-25T18:40:00Z"}})
    with pytest.raises(OSError, match="still being deleted"):
        cluster.create_job(request("trial-a1", "exit 0"))


def test_a_job_that_vanished_while_it_was_looked_at_is_tried_again(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    server.rule = refusing("jobs", Answer(409, "already exists"))
    with pytest.raises(OSError, match="existed a moment ago"):
        cluster.create_job(request("trial-a1", "exit 0"))


def test_a_new_job_gets_its_own_secret_once_that_of_an_old_one_is_gone(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    server.put("secrets", {"metadata": {"name": "trial-a1"}})
    for _ in range(3):
        with pytest.raises(OSError, match="may be an earlier Job's"):
            cluster.create_job(request("trial-a1", "exit 0"))
        assert set(cluster.jobs()) == {"trial-a1"}
    server.remove("secrets", "trial-a1")
    cluster.create_job(request("trial-a1", "exit 0"))
    (reference,) = server.get("secrets", "trial-a1")["metadata"]["ownerReferences"]
    assert reference["uid"] == server.get("jobs", "trial-a1")["metadata"]["uid"]
    cluster.create_job(request("trial-a1", "exit 0"))
    assert deleted(server) == []


def test_a_job_that_another_controller_gave_its_secret_stays(
    server: ApiServer, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = KubernetesCluster(server.api(), HOUSE, timing=QUICK)
    turns = iter(["first"])

    def be_quicker(asked: Request) -> None:
        if (asked.method, asked.kind) == ("POST", "secrets") and next(turns, None):
            other.create_job(request("trial-a1", "exit 0"))

    server.rule = be_quicker
    with pytest.raises(OSError, match="may be an earlier Job's"):
        cluster.create_job(request("trial-a1", "exit 0"))
    other.create_job(request("trial-a1", "exit 0"))
    monkeypatch.setattr("controller.kubernetes.cluster.DOUBT_SECONDS", 0.0)
    cluster.create_job(request("trial-a1", "exit 0"))
    assert deleted(server) == []
    assert server.names("jobs") == server.names("secrets") == {"trial-a1"}
    other.close()


def test_a_job_that_exists_is_not_taken_back_for_want_of_a_second_secret(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    server.rule = refusing("secrets", Answer(403, "exceeded quota: count/secrets"))  # checked before what exists
    with pytest.raises(JobRefused, match="exceeded quota"):
        cluster.create_job(request("trial-a1", "exit 0"))
    assert deleted(server) == []


def test_a_job_whose_secret_is_refused_is_taken_back(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.rule = refusing("secrets", Answer(403, "exceeded quota: count/secrets"))
    with pytest.raises(JobRefused, match="exceeded quota"):
        cluster.create_job(request("trial-a1", "exit 0"))
    assert server.names("jobs") == set()


def test_jobs_have_their_owner_before_they_are_created(server: ApiServer) -> None:
    cluster = KubernetesCluster(server.api(), HOUSE, owner="reconciler", timing=QUICK)
    with pytest.raises(ClusterAway, match='deployments "reconciler" not found'):
        cluster.create_job(request("trial-a1", "exit 0"))
    assert posted(server, "jobs") == []
    uid = server.put("deployments", {"metadata": {"name": "reconciler"}})["metadata"]["uid"]
    for name in ("trial-a1", "trial-b1"):
        cluster.create_job(request(name, "exit 0"))
        (reference,) = server.get("jobs", name)["metadata"]["ownerReferences"]
        assert (reference["name"], reference["uid"]) == ("reconciler", uid)
    cluster.close()


def test_a_deletion_names_the_very_job_and_is_sent_once(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    uid = server.get("jobs", "trial-a1")["metadata"]["uid"]
    server.rule = lambda asked: Answer(503) if asked.is_watch or asked.is_list else None
    server.cut()  # so that nobody tells of its end
    for _ in range(3):
        cluster.delete_job("trial-a1")
    (sent,) = deleted(server)
    assert sent.body == {"propagationPolicy": "Background", "preconditions": {"uid": uid}}


@pytest.mark.parametrize("answer", [Answer(404, "not found"), Answer(409, "the UID in the precondition")])
def test_a_job_that_is_gone_already_is_no_error(server: ApiServer, cluster: KubernetesCluster, answer: Answer) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    server.rule = refusing("jobs", answer, method="DELETE")
    cluster.delete_job("trial-a1")
    cluster.delete_job("never-was")
    assert len(deleted(server)) == 1


def test_a_deletion_that_nobody_heard_is_sent_again(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    server.rule = refusing("jobs", Answer(503, "away"), method="DELETE")
    with pytest.raises(ClusterAway):
        cluster.delete_job("trial-a1")
    cluster.delete_job("trial-a1")
    server.wait_for(lambda: cluster.jobs() == {}, "its end")


def test_a_deleted_job_is_active_until_its_pod_has_ended(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    pod = start(server)
    server.wait_for(lambda: cluster.jobs()["trial-a1"].started_at is not None, "its start")
    cluster.delete_job("trial-a1")
    server.wait_for(lambda: cluster._jobs.items() == {}, "the Job's end")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    server.remove("pods", pod)
    server.wait_for(lambda: cluster.jobs() == {}, "the Pod's end")


def test_a_job_that_is_gone_does_not_come_back_with_a_late_pod(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    stored = server.get("jobs", "trial-a1")
    cluster.delete_job("trial-a1")
    server.wait_for(lambda: cluster.jobs() == {}, "its end")
    server.put("jobs", {**stored, "metadata": {**stored["metadata"], "name": "trial-x1"}})
    start(server, "trial-x1")  # a Pod of the Job that is gone
    server.remove("jobs", "trial-x1")
    server.wait_for(lambda: len(cluster._pods.items()) == 1 and not cluster._jobs.items(), "the late Pod")
    assert cluster.jobs() == {}


def test_a_controller_that_starts_sees_what_is_still_ending(server: ApiServer) -> None:
    server.put("jobs", {"metadata": {"name": "trial-a1"}})
    start(server)
    server.remove("jobs", "trial-a1")
    cluster = KubernetesCluster(server.api(), HOUSE, timing=QUICK)
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    assert set(cluster.jobs()) == {"trial-a1"}
    server.remove("pods", "trial-a1-x7c2p")
    server.wait_for(lambda: cluster.jobs() == {}, "the Pod's end")
    cluster.close()


def test_a_new_leader_waits_for_what_its_predecessor_did(server: ApiServer) -> None:
    cluster = KubernetesCluster(server.api(), HOUSE, timing=replace(QUICK, first_list_seconds=0.2))
    server.put("jobs", {"metadata": {"name": "trial-a1"}})
    server.wait_for(lambda: "trial-a1" in cluster.jobs(), "the first Job")
    server.rule = lambda asked: Answer(503) if asked.is_watch else None
    server.cut()
    start(server)
    server.remove("jobs", "trial-a1")  # its Pod still ends
    server.put("jobs", {"metadata": {"name": "trial-b1"}})
    assert set(cluster.jobs()) == {"trial-a1"}
    for away in ("jobs", "pods"):
        server.rule = lambda asked, away=away: Answer(503) if asked.is_watch or asked.kind == away else None  # type: ignore[misc]
        cluster.refresh()
        with pytest.raises(ClusterAway):
            cluster.jobs()
    server.rule = lambda asked: Answer(503) if asked.is_watch else None

    def are_all_seen() -> bool:
        with suppress(ClusterAway):
            assert set(cluster.jobs()) == {"trial-a1", "trial-b1"}
            return True
        return False

    server.wait_for(are_all_seen, "both")
    cluster.close()


def test_a_failed_job_is_active_until_its_pod_has_told_why(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    cluster.jobs()
    server.rule = lambda asked: Answer(503) if asked.kind == "pods" and not asked.is_list else None
    server.cut()  # the Pods' watch is down while the Job runs and fails
    start(server, state=terminated(65), phase="Failed")
    end(server, "trial-a1", failed())
    server.wait_for(lambda: cluster.jobs()["trial-a1"].phase is not JobPhase.ACTIVE, "the end")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.FAILED, 65, None)


def test_a_failed_job_whose_pod_nobody_has_is_preempted_after_one_look(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    woken = threading.Event()
    cluster.watch(woken.set)
    cluster.create_job(request("trial-a1", "exit 0"))
    end(server, "trial-a1", failed())
    server.wait_for(lambda: cluster.jobs()["trial-a1"].phase is not JobPhase.ACTIVE, "the end")
    assert cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED
    assert server.count(lambda asked: asked.is_list and asked.kind == "pods") == 2
    assert woken.is_set()


def test_a_pod_that_went_is_remembered_as_long_as_its_job(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    pod = start(server)
    server.wait_for(lambda: cluster.jobs()["trial-a1"].started_at is not None, "its start")
    server.remove("pods", pod)
    server.wait_for(lambda: cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED, "its end")
    start(server)  # as v1.20's Job controller does
    server.wait_for(lambda: len(cluster._pods.items()) == 1, "the replacement")
    assert cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED
    cluster.delete_job("trial-a1")
    server.wait_for(lambda: cluster._jobs.items() == {}, "the Job's end")
    cluster.jobs()
    assert cluster._pods.lost() == {}
    assert cluster._deleted == set()


def test_a_wait_is_told(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    start(server, state={"waiting": {"reason": "ErrImagePull", "message": "not found"}}, phase="Pending")
    server.wait_for(lambda: cluster.jobs()["trial-a1"].node is not None, "its place")
    wait = cluster.jobs()["trial-a1"].wait
    assert wait is not None
    assert (wait.what, wait.words) == (WaitsFor.IMAGE, "ErrImagePull: not found")


def test_the_log_is_its_end(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    pod = start(server, state=terminated(1), phase="Failed")
    server.wait_for(lambda: cluster.jobs()["trial-a1"].exit_code == 1, "the end")
    server.logs[pod] = b"".join(b"line %d\n" % number for number in range(100))
    assert cluster.log_tail("trial-a1").splitlines() == [f"line {number}" for number in range(50, 100)]
    assert server.requests[-1].query == {"container": "worker", "tailLines": "50"}
    server.logs[pod] = b"\rprogress" * 100_000
    assert len(cluster.log_tail("trial-a1")) <= 8192
    server.logs[pod] = b"\xff\xfe caf\xc3\xa9"
    assert cluster.log_tail("trial-a1") == "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} café"


def test_the_end_of_the_log_outlives_the_pod_in_its_status(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    pod = start(server, state=terminated(1, message="Traceback\nValueError: no"), phase="Failed")
    server.wait_for(lambda: cluster.jobs()["trial-a1"].exit_code == 1, "the end")
    assert cluster.log_tail("trial-a1") == "Traceback\nValueError: no"
    server.remove("pods", pod)
    server.wait_for(lambda: not cluster._pods.items(), "the Pod's end")
    assert cluster.log_tail("trial-a1") == "Traceback\nValueError: no"


def test_no_log_is_asked_of_a_node_that_is_lost(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    start(server, deletionTimestamp="2020-01-01T00:00:00Z", deletionGracePeriodSeconds=60)
    server.wait_for(lambda: cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED, "its end")
    assert "node node-a is lost" in cluster.jobs()["trial-a1"].words
    assert cluster.log_tail("trial-a1") == ""
    assert not [asked for asked in server.requests if asked.name.endswith("/log")]


@pytest.mark.parametrize("answer", [Answer(500), Answer(403), Answer(429, headers={"Retry-After": "30"})])
def test_a_log_that_is_not_had_is_empty(server: ApiServer, cluster: KubernetesCluster, answer: Answer) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    start(server)
    server.wait_for(lambda: cluster.jobs()["trial-a1"].started_at is not None, "its start")
    server.rule = lambda asked: answer if asked.name.endswith("/log") else None
    assert cluster.log_tail("trial-a1") == ""
    assert cluster.log_tail("never-was") == ""


def test_an_event_is_about_its_job_and_told_once(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    for _ in range(2):
        cluster.tell("trial-a1", JobEvent(reason="AttemptEnded", message="x" * 2000, is_warning=True))
    cluster.tell("never-was", JobEvent(reason="AttemptEnded", message="nobody hears"))
    server.wait_for(lambda: len(posted(server, "events")) == 2, "both tries")
    (name,) = server.names("events")
    event = server.get("events", name)
    assert event["involvedObject"]["uid"] == server.get("jobs", "trial-a1")["metadata"]["uid"]
    assert (event["reason"], event["type"], len(event["message"])) == ("AttemptEnded", "Warning", 1024)


def test_events_never_stop_what_they_tell_of(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    gate = threading.Event()
    server.rule = lambda asked: Answer(500) if asked.kind == "events" and gate.wait(5) else None
    for number in range(1500):
        cluster.tell("trial-a1", JobEvent(reason="AttemptEnded", message=str(number)))
    gate.set()


def test_an_event_that_cannot_be_sent_is_not_the_last_one(
    server: ApiServer, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    post, faults = cluster._api.post, iter([RuntimeError("unforeseen")])

    def fail_once(path: str, body: Any) -> Any:
        for fault in faults:
            raise fault
        return post(path, body)

    monkeypatch.setattr(cluster._api, "post", fail_once)
    for message in ("lost", "told"):
        cluster.tell("trial-a1", JobEvent(reason="AttemptEnded", message=message))
    server.wait_for(lambda: len(server.names("events")) == 1, "the second event")
    (name,) = server.names("events")
    assert server.get("events", name)["message"] == "told"


def test_many_threads_create_at_once(server: ApiServer) -> None:
    cluster = KubernetesCluster(server.api(), HOUSE, creates_per_second=1000, timing=QUICK)
    requests = [request(f"trial-a{number}", "exit 0") for number in range(80)]
    with ThreadPoolExecutor(16) as creators:
        list(creators.map(cluster.create_job, requests))
    assert set(cluster.jobs()) == server.names("jobs") == server.names("secrets") == {one.name for one in requests}
    cluster.close()


def test_the_same_job_from_many_threads_is_one(server: ApiServer, cluster: KubernetesCluster) -> None:
    asked: list[JobRequest] = [request("trial-a1", "exit 0")] * 16
    with ThreadPoolExecutor(16) as creators:
        list(creators.map(cluster.create_job, asked))
    assert server.names("jobs") == server.names("secrets") == {"trial-a1"}


def test_a_complete_job_without_its_pod_has_succeeded(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    end(server, "trial-a1", condition("Complete"))
    server.wait_for(lambda: cluster.jobs()["trial-a1"].phase is not JobPhase.ACTIVE, "the end")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.SUCCEEDED, 0, None)
