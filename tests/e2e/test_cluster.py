"""Kubernetes as the reconciler's cluster: the behaviour that all clusters share, and the taxonomy, row by row."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes.client import (
    V1Container,
    V1Deployment,
    V1DeploymentSpec,
    V1LabelSelector,
    V1ObjectMeta,
    V1PodSpec,
    V1PodTemplateSpec,
    V1ResourceQuota,
    V1ResourceQuotaSpec,
)

from controller.cluster import Cluster, JobEvent, JobRefused
from controller.jobs import JobRequest, Placement
from controller.kubernetes.cluster import KubernetesCluster
from controller.kubernetes.job import House, job_of
from controller.plan import JobPhase, WaitsFor
from podium.pod import PodShape
from podium.taxonomy import EndReason
from tests.cluster_behaviour import (
    BEHAVIOURS,
    IMAGE,
    SHAPE,
    command_request,
    ended,
    gone,
    request,
    told,
    wait_for,
)
from tests.e2e.namespaces import RealNamespace, real_namespace, runs, until
from tests.e2e.nodes import Node

LEAVES = "trap 'sleep 1; exit 75' TERM; echo ready; while :; do sleep 0.05; done"
"""Does on SIGTERM as a worker does."""


@pytest.fixture
def namespace(node: Node) -> Iterator[RealNamespace]:
    with real_namespace(node.kubeconfig, node.python_image) as namespace:
        yield namespace


@pytest.fixture
def cluster(namespace: RealNamespace) -> KubernetesCluster:
    return namespace.cluster()


def shaped(asked: JobRequest, **shape: object) -> JobRequest:
    return replace(asked, pod=PodShape.model_validate(SHAPE.model_dump(exclude_none=True) | shape))


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_kubernetes_behaves_as_every_cluster_does(
    behaviour: Callable[[Cluster], None], cluster: KubernetesCluster
) -> None:
    behaviour(cluster)


def test_a_job_runs_on_a_node_since_a_moment(cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "sleep 60"))
    job = runs(cluster, "trial-a1")
    assert job.node is not None
    assert job.started_at is not None
    assert abs(job.started_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert job.wait is None


def test_a_container_that_wants_too_much_memory_ends_out_of_memory(cluster: KubernetesCluster) -> None:
    hungry = command_request("trial-a1", "python", "-c", "print('hungry', flush=True); bytearray(512 * 2**20)")
    cluster.create_job(shaped(hungry, resources={"limits": {"memory": "64Mi"}}))
    assert told(ended(cluster, "trial-a1")) == (JobPhase.FAILED, 137, EndReason.OUT_OF_MEMORY)
    assert "memory limit" in cluster.jobs()["trial-a1"].words
    assert cluster.log_tail("trial-a1") == "hungry"


@pytest.mark.parametrize("image", ["registry.invalid/podium/none:1", "no/Such Image".replace(" ", "%")])
def test_an_image_that_cannot_be_had_is_a_wait_in_the_clusters_words(cluster: KubernetesCluster, image: str) -> None:
    cluster.create_job(shaped(request("trial-a1", "exit 0"), image=image))
    job = until(cluster, "trial-a1", lambda job: job.wait is not None, "the wait")
    assert job.wait is not None
    assert job.wait.what is WaitsFor.IMAGE
    assert image in job.wait.words
    assert job.phase is JobPhase.ACTIVE


def test_what_a_container_is_configured_with_and_is_not_there_is_a_wait(cluster: KubernetesCluster) -> None:
    cluster.create_job(shaped(request("trial-a1", "exit 0"), envFrom=[{"configMapRef": {"name": "absent"}}]))
    job = until(cluster, "trial-a1", lambda job: job.wait is not None, "the wait")
    assert job.wait is not None
    assert (job.wait.what, job.wait.words) == (
        WaitsFor.IMAGE,
        'CreateContainerConfigError: configmap "absent" not found',
    )


@pytest.mark.parametrize("resource", ["nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.5gb"])
def test_an_accelerator_that_no_node_has_is_a_wait_in_the_schedulers_words(
    cluster: KubernetesCluster, resource: str
) -> None:
    cluster.create_job(shaped(request("trial-a1", "exit 0"), resources={"limits": {resource: "1"}}))
    job = until(cluster, "trial-a1", lambda job: job.wait is not None, "the wait")
    assert job.wait is not None
    assert job.wait.what is WaitsFor.NODE
    assert f"Insufficient {resource}" in job.wait.words
    assert datetime.now(UTC) - job.wait.since < timedelta(minutes=1)


def test_a_node_that_is_avoided_gets_no_pod(cluster: KubernetesCluster) -> None:
    cluster.create_job(request("trial-a1", "sleep 60"))
    node = runs(cluster, "trial-a1").node
    assert node is not None
    avoiding = replace(request("trial-b1", "exit 0"), placement=Placement(avoided_nodes=(node, "other")))
    cluster.create_job(avoiding)
    wait = until(cluster, "trial-b1", lambda job: job.wait is not None or job.node is not None, "the place").wait
    if wait is None:
        assert cluster.jobs()["trial-b1"].node != node
    else:
        assert wait.what is WaitsFor.NODE


def test_a_node_that_is_disliked_is_better_than_none(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    node = ended(cluster, "trial-a1").node
    assert node is not None
    cluster.create_job(replace(request("trial-b1", "exit 0"), placement=Placement(disliked_nodes=(node,))))
    assert ended(cluster, "trial-b1").exit_code == 0


def test_a_quota_without_room_is_a_wait_that_says_where_to_look(
    cluster: KubernetesCluster, namespace: RealNamespace
) -> None:
    quota = V1ResourceQuota(metadata=V1ObjectMeta(name="none"), spec=V1ResourceQuotaSpec(hard={"pods": "0"}))
    namespace.create("v1", "resourcequotas", quota)
    cluster.create_job(request("trial-a1", "exit 0"))
    wait = until(cluster, "trial-a1", lambda job: job.wait is not None, "the wait").wait
    assert wait is not None
    assert wait.what is WaitsFor.NODE
    assert "kubectl describe job trial-a1" in wait.words


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


def test_another_controllers_jobs_are_not_seen(namespace: RealNamespace) -> None:
    ours, theirs = namespace.cluster(controller="ours"), namespace.cluster(controller="theirs")
    ours.create_job(request("trial-a1", "exit 0"))
    theirs.create_job(request("trial-b1", "exit 0"))
    assert told(ended(ours, "trial-a1")) == told(ended(theirs, "trial-b1"))
    assert set(ours.jobs()) == {"trial-a1"}
    assert set(theirs.jobs()) == {"trial-b1"}


def test_the_token_is_in_a_secret_that_goes_with_its_job(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    def secrets() -> list[str]:
        return [
            secret["metadata"]["name"] for secret in namespace.objects("v1", "secrets") if secret["type"] == "Opaque"
        ]

    cluster.create_job(request("trial-a1", "exit 0"))
    assert secrets() == ["trial-a1"]
    assert "t0ken" not in str(namespace.objects("batch/v1", "jobs") + namespace.objects("v1", "pods"))
    ended(cluster, "trial-a1")
    cluster.delete_job("trial-a1")
    wait_for(lambda: not secrets(), "the Secret to be gone")


def test_a_job_whose_creator_died_before_its_secret_gets_it(
    cluster: KubernetesCluster, namespace: RealNamespace
) -> None:
    asked = request("trial-a1", "exit 0")
    namespace.create("batch/v1", "jobs", job_of(asked, House(namespace=namespace.api.namespace, controller="podium")))
    wait_for(lambda: "trial-a1" in cluster.jobs(), "the Job")
    cluster.create_job(asked)
    assert told(ended(cluster, "trial-a1")) == (JobPhase.SUCCEEDED, 0, None)


def test_a_job_that_the_server_refuses_is_refused_in_its_words(cluster: KubernetesCluster) -> None:
    asked = request("trial-a1", "exit 0")
    unchecked = asked.pod.model_copy(update={"priorityClassName": "No Name"})  # ours would not let it pass
    with pytest.raises(JobRefused, match="priorityClassName: Invalid value"):
        cluster.create_job(replace(asked, pod=unchecked))
    assert cluster.jobs() == {}


def test_a_quota_on_jobs_refuses_them(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    spec = V1ResourceQuotaSpec(hard={"count/jobs.batch": "1"})
    namespace.create("v1", "resourcequotas", V1ResourceQuota(metadata=V1ObjectMeta(name="one"), spec=spec))
    wait_for(lambda: "used" in namespace.objects("v1", "resourcequotas")[0]["status"], "the quota")
    names = itertools.count(1)

    def is_refused() -> bool:  # not before admission has heard of the quota too, which nobody tells of
        try:
            cluster.create_job(request(f"trial-a{next(names)}", "exit 0"))
        except JobRefused as refusal:
            assert "exceeded quota: one" in str(refusal)  # noqa: PT017  # none is raised at first
            return True
        return False

    wait_for(is_refused, "the refusal")


def test_jobs_go_with_their_owner(namespace: RealNamespace) -> None:
    labels = {"app": "owner"}
    template = V1PodTemplateSpec(
        metadata=V1ObjectMeta(labels=labels), spec=V1PodSpec(containers=[V1Container(name="none", image=IMAGE)])
    )
    spec = V1DeploymentSpec(replicas=0, selector=V1LabelSelector(match_labels=labels), template=template)
    namespace.create("apps/v1", "deployments", V1Deployment(metadata=V1ObjectMeta(name="owner"), spec=spec))
    cluster = namespace.cluster(controller="owner", owner="owner")
    cluster.create_job(request("trial-a1", "sleep 60"))
    runs(cluster, "trial-a1")
    namespace.delete("apps/v1", "deployments", "owner")
    gone(cluster, "trial-a1")


def test_an_event_stands_beside_its_job_once(cluster: KubernetesCluster, namespace: RealNamespace) -> None:
    def events() -> list[tuple[str, str, str]]:
        found = [event for event in namespace.objects("v1", "events") if event["source"].get("component") == "podium"]
        return [(event["involvedObject"]["name"], event["type"], event["message"]) for event in found]

    cluster.create_job(request("trial-a1", "exit 0"))
    for _ in range(3):
        cluster.tell("trial-a1", JobEvent(reason="AttemptEnded", message="preempted; what follows", is_warning=True))
    cluster.tell("trial-b1", JobEvent(reason="AttemptEnded", message="there is no such Job"))
    cluster.tell("trial-a1", JobEvent(reason="AttemptEnded", message="another thing"))
    wait_for(lambda: len(events()) == 2, "both events")
    assert ("trial-a1", "Warning", "preempted; what follows") in events()


def test_many_jobs_are_created_at_once(cluster: KubernetesCluster) -> None:
    woken = threading.Event()
    cluster.watch(woken.set)
    names = [f"trial-a{number}" for number in range(20)]
    with ThreadPoolExecutor(16) as creators:
        list(creators.map(lambda name: cluster.create_job(request(name, "exit 0")), names))
    assert cluster.jobs().keys() == set(names)
    for name in names:
        assert ended(cluster, name).exit_code == 0
        cluster.delete_job(name)
    wait_for(lambda: cluster.jobs() == {}, "all to be gone")
    assert woken.is_set()
