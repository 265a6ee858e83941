"""Jobs that are created at a server that refuses, is busy, and loses answers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from controller.cluster import ClusterAway, JobRefused
from controller.jobs import JobRequest
from controller.kubernetes.cluster import KubernetesCluster
from controller.plan import JobPhase
from podium.pod import PodShape
from tests.cluster_behaviour import request, told
from tests.kubernetes.api_server import Answer, ApiServer
from tests.kubernetes.serverside import HOUSE, QUICK, posted, refusing


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
