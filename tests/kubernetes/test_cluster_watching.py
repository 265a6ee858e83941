"""Jobs that end or wait, as the cluster tells of them when watches are late or down."""

import threading

from controller.kubernetes.cluster import KubernetesCluster
from controller.plan import JobPhase, WaitsFor
from podium.taxonomy import EndReason
from tests.cluster_behaviour import request, told
from tests.kubernetes.api_server import Answer, ApiServer
from tests.kubernetes.documents import condition, failed, terminated
from tests.kubernetes.serverside import end, start
from tests.waiting import wait_for


def test_a_failed_job_is_active_until_its_pod_has_told_why(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    cluster.jobs()
    server.rule = lambda asked: Answer(503) if asked.kind == "pods" and not asked.is_list else None
    server.cut()  # the Pods' watch is down while the Job runs and fails
    start(server, state=terminated(65), phase="Failed")
    end(server, "trial-a1", failed())
    wait_for(lambda: cluster.jobs()["trial-a1"].phase is not JobPhase.ACTIVE, "the end")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.FAILED, 65, None)


def test_a_failed_job_whose_pod_nobody_has_is_preempted_after_one_look(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    woken = threading.Event()
    cluster.watch(woken.set)
    cluster.create_job(request("trial-a1", "exit 0"))
    end(server, "trial-a1", failed())
    wait_for(lambda: cluster.jobs()["trial-a1"].phase is not JobPhase.ACTIVE, "the end")
    assert cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED
    assert server.count(lambda asked: asked.is_list and asked.kind == "pods") == 2
    assert woken.is_set()


def test_a_pod_that_went_is_remembered_as_long_as_its_job(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    pod = start(server)
    wait_for(lambda: cluster.jobs()["trial-a1"].started_at is not None, "its start")
    server.remove("pods", pod)
    wait_for(lambda: cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED, "its end")
    start(server)  # as v1.20's Job controller does
    wait_for(lambda: len(cluster._pods.items()) == 1, "the replacement")
    assert cluster.jobs()["trial-a1"].reason is EndReason.PREEMPTED
    cluster.delete_job("trial-a1")
    wait_for(lambda: cluster._jobs.items() == {}, "the Job's end")
    cluster.jobs()
    assert cluster._pods.lost() == {}
    assert cluster._deleted == set()


def test_a_wait_is_told(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    start(server, state={"waiting": {"reason": "ErrImagePull", "message": "not found"}}, phase="Pending")
    wait_for(lambda: cluster.jobs()["trial-a1"].node is not None, "its place")
    wait = cluster.jobs()["trial-a1"].wait
    assert wait is not None
    assert (wait.what, wait.words) == (WaitsFor.IMAGE, "ErrImagePull: not found")


def test_a_complete_job_without_its_pod_has_succeeded(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    end(server, "trial-a1", condition("Complete"))
    wait_for(lambda: cluster.jobs()["trial-a1"].phase is not JobPhase.ACTIVE, "the end")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.SUCCEEDED, 0, None)
