"""The taxonomy on a real Kubernetes, row by row: how a Job ends, seen or unseen, and why."""

from dataclasses import replace

from controller.jobs import Placement
from controller.kubernetes.cluster import KubernetesCluster
from controller.plan import JobPhase
from podium.taxonomy import EndReason
from tests.cluster_behaviour import command_request, ended, gone, request, told
from tests.e2e.jobs import LEAVES, shaped
from tests.e2e.namespaces import RealNamespace, runs, until
from tests.waiting import wait_for


def test_a_container_that_wants_too_much_memory_ends_out_of_memory(cluster: KubernetesCluster) -> None:
    hungry = command_request("trial-a1", "python", "-c", "print('hungry', flush=True); bytearray(512 * 2**20)")
    cluster.create_job(shaped(hungry, resources={"limits": {"memory": "64Mi"}}))
    assert told(ended(cluster, "trial-a1")) == (JobPhase.FAILED, 137, EndReason.OUT_OF_MEMORY)
    assert "memory limit" in cluster.jobs()["trial-a1"].words
    assert cluster.log_tail("trial-a1") == "hungry"


def test_a_deleted_pod_may_leave_in_its_own_time_and_is_told_as_preempted(
    cluster: KubernetesCluster, namespace: RealNamespace
) -> None:
    cluster.create_job(request("trial-a1", LEAVES))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the trap")
    namespace.delete_pod("trial-a1")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    assert told(ended(cluster, "trial-a1"))[::2] == (JobPhase.FAILED, EndReason.PREEMPTED)
    assert cluster.jobs()["trial-a1"].exit_code in (75, None)  # None where the Pod was gone before it was seen to end
    assert "Pod was deleted" in cluster.jobs()["trial-a1"].words


def test_a_deleted_pod_that_does_not_listen_is_preempted_and_not_out_of_memory(
    cluster: KubernetesCluster, namespace: RealNamespace
) -> None:
    cluster.create_job(request("trial-a1", "trap '' TERM; echo ready; while :; do sleep 0.05; done"))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the trap")
    namespace.delete_pod("trial-a1", grace_seconds=1)
    assert ended(cluster, "trial-a1").reason is EndReason.PREEMPTED


def test_a_pod_deleted_by_force_is_preempted(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    cluster.create_job(request("trial-a1", "sleep 60"))
    runs(cluster, "trial-a1")
    namespace.delete_pod("trial-a1", grace_seconds=0)
    job = ended(cluster, "trial-a1")
    assert (job.phase, job.reason) == (JobPhase.FAILED, EndReason.PREEMPTED)


def test_a_pod_deleted_before_it_ran_is_preempted(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    cluster.create_job(shaped(request("trial-a1", "exit 0"), resources={"limits": {"nvidia.com/gpu": "1"}}))
    until(cluster, "trial-a1", lambda job: job.wait is not None, "the wait")
    namespace.delete_pod("trial-a1")
    assert told(ended(cluster, "trial-a1")) == (JobPhase.FAILED, None, EndReason.PREEMPTED)


def test_a_pod_evicted_from_its_node_is_preempted(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    cluster.create_job(request("trial-a1", LEAVES))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the trap")
    namespace.evict_pod("trial-a1")
    assert ended(cluster, "trial-a1").reason is EndReason.PREEMPTED


def test_a_pod_that_breaks_its_own_limit_fails_by_its_own_fault(cluster: KubernetesCluster) -> None:
    full = request("trial-a1", "dd if=/dev/zero of=/tmp/much bs=1M count=64; sleep 300")
    cluster.create_job(shaped(full, resources={"limits": {"ephemeral-storage": "8Mi"}}))
    wait_for(lambda: cluster.jobs()["trial-a1"].phase is not JobPhase.ACTIVE, "the eviction", within_seconds=180)
    assert cluster.jobs()["trial-a1"].reason is EndReason.BUG
    assert "exceed" in cluster.jobs()["trial-a1"].words


def test_a_command_that_does_not_exist_is_a_bug_and_says_so(cluster: KubernetesCluster) -> None:
    cluster.create_job(command_request("trial-a1", "no-such-program"))
    job = ended(cluster, "trial-a1")
    assert (job.phase, job.reason) == (JobPhase.FAILED, EndReason.BUG)
    assert "no-such-program" in job.words


def test_a_job_that_outlives_its_deadline_is_a_bug(cluster: KubernetesCluster) -> None:
    cluster.create_job(replace(request("trial-a1", LEAVES), placement=Placement(deadline_seconds=5)))
    job = ended(cluster, "trial-a1")
    assert (job.phase, job.reason) == (JobPhase.FAILED, EndReason.BUG)
    assert "deadline" in job.words


def test_a_job_that_ended_while_nobody_watched_is_seen(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    cluster.create_job(request("trial-a1", "sleep 1; exit 66"))
    cluster.create_job(request("trial-b1", "exit 0"))
    cluster.close()
    wait_for(lambda: len(namespace.ended_pods()) == 2, "the end of both")
    successor = namespace.cluster()
    assert told(successor.jobs()["trial-a1"]) == (JobPhase.FAILED, 66, None)
    assert told(successor.jobs()["trial-b1"]) == (JobPhase.SUCCEEDED, 0, None)


def test_a_job_whose_pod_went_while_nobody_watched_is_preempted(
    cluster: KubernetesCluster, namespace: RealNamespace
) -> None:
    cluster.create_job(request("trial-a1", "exit 1"))
    ended(cluster, "trial-a1")
    wait_for(lambda: bool(namespace.objects("batch/v1", "jobs")[0]["status"].get("conditions")), "the Job's own word")
    cluster.close()
    namespace.delete_pod("trial-a1")
    wait_for(lambda: not namespace.objects("v1", "pods"), "the Pod to be gone")
    assert told(ended(namespace.cluster(), "trial-a1")) == (JobPhase.FAILED, None, EndReason.PREEMPTED)


def test_a_job_deleted_by_hand_is_active_until_its_pod_has_ended(
    cluster: KubernetesCluster, namespace: RealNamespace
) -> None:
    cluster.create_job(request("trial-a1", LEAVES))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the trap")
    namespace.delete_job("trial-a1")
    wait_for(lambda: not namespace.objects("batch/v1", "jobs"), "the Job to be gone")
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    assert told(namespace.cluster().jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    gone(cluster, "trial-a1")
