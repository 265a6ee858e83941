"""The last lines of a Job's log and the Events beside it: had when they can be, and in nobody's way."""

import threading
from typing import Any

import pytest

from controller.cluster import JobEvent
from controller.kubernetes.cluster import KubernetesCluster
from podium.taxonomy import EndReason
from tests.cluster_behaviour import request
from tests.kubernetes.api_server import Answer, ApiServer
from tests.kubernetes.documents import terminated
from tests.kubernetes.serverside import posted, start
from tests.waiting import wait_for


def test_the_log_is_its_end(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    pod = start(server, state=terminated(1), phase="Failed")
    wait_for(lambda: cluster.jobs()["trial-a1"].exit_code == 1, "the end")
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
    wait_for(lambda: cluster.jobs()["trial-a1"].exit_code == 1, "the end")
    assert cluster.log_tail("trial-a1") == "Traceback\nValueError: no"
    server.remove("pods", pod)
    wait_for(lambda: not cluster._pods.items(), "the Pod's end")
    assert cluster.log_tail("trial-a1") == "Traceback\nValueError: no"


def test_no_log_is_asked_of_a_node_that_is_lost(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    start(server, deletionTimestamp="2020-01-01T00:00:00Z", deletionGracePeriodSeconds=60)
    wait_for(lambda: cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED, "its end")
    assert "node node-a is lost" in cluster.jobs()["trial-a1"].words
    assert cluster.log_tail("trial-a1") == ""
    assert not [asked for asked in server.requests if asked.name.endswith("/log")]


@pytest.mark.parametrize("answer", [Answer(500), Answer(403), Answer(429, headers={"Retry-After": "30"})])
def test_a_log_that_is_not_had_is_empty(server: ApiServer, cluster: KubernetesCluster, answer: Answer) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    start(server)
    wait_for(lambda: cluster.jobs()["trial-a1"].started_at is not None, "its start")
    server.rule = lambda asked: answer if asked.name.endswith("/log") else None
    assert cluster.log_tail("trial-a1") == ""
    assert cluster.log_tail("never-was") == ""


def test_an_event_is_about_its_job_and_told_once(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    for _ in range(2):
        cluster.tell("trial-a1", JobEvent(reason="AttemptEnded", message="x" * 2000, is_warning=True))
    cluster.tell("never-was", JobEvent(reason="AttemptEnded", message="nobody hears"))
    wait_for(lambda: len(posted(server, "events")) == 2, "both tries")
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
    wait_for(lambda: len(server.names("events")) == 1, "the second event")
    (name,) = server.names("events")
    assert server.get("events", name)["message"] == "told"
