"""Jobs that are deleted, and what is seen of them until their Pods have ended."""

from contextlib import suppress
from dataclasses import replace

import pytest

from controller.cluster import ClusterAway
from controller.kubernetes.cluster import KubernetesCluster
from controller.plan import JobPhase
from tests.cluster_behaviour import request, told
from tests.kubernetes.api_server import Answer, ApiServer
from tests.kubernetes.serverside import HOUSE, QUICK, deleted, refusing, start
from tests.waiting import wait_for


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
    wait_for(lambda: cluster.jobs() == {}, "its end")


def test_a_deleted_job_is_active_until_its_pod_has_ended(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    pod = start(server)
    wait_for(lambda: cluster.jobs()["trial-a1"].started_at is not None, "its start")
    cluster.delete_job("trial-a1")
    wait_for(lambda: cluster._jobs.items() == {}, "the Job's end")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    server.remove("pods", pod)
    wait_for(lambda: cluster.jobs() == {}, "the Pod's end")


def test_a_job_that_is_gone_does_not_come_back_with_a_late_pod(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    stored = server.get("jobs", "trial-a1")
    cluster.delete_job("trial-a1")
    wait_for(lambda: cluster.jobs() == {}, "its end")
    server.put("jobs", {**stored, "metadata": {**stored["metadata"], "name": "trial-x1"}})
    start(server, "trial-x1")  # a Pod of the Job that is gone
    server.remove("jobs", "trial-x1")
    wait_for(lambda: len(cluster._pods.items()) == 1 and not cluster._jobs.items(), "the late Pod")
    assert cluster.jobs() == {}


def test_a_controller_that_starts_sees_what_is_still_ending(server: ApiServer) -> None:
    server.put("jobs", {"metadata": {"name": "trial-a1"}})
    start(server)
    server.remove("jobs", "trial-a1")
    cluster = KubernetesCluster(server.api(), HOUSE, timing=QUICK)
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    assert set(cluster.jobs()) == {"trial-a1"}
    server.remove("pods", "trial-a1-x7c2p")
    wait_for(lambda: cluster.jobs() == {}, "the Pod's end")
    cluster.close()


def test_a_new_leader_waits_for_what_its_predecessor_did(server: ApiServer) -> None:
    cluster = KubernetesCluster(server.api(), HOUSE, timing=replace(QUICK, first_list_seconds=0.2))
    server.put("jobs", {"metadata": {"name": "trial-a1"}})
    wait_for(lambda: "trial-a1" in cluster.jobs(), "the first Job")
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

    wait_for(are_all_seen, "both")
    cluster.close()
