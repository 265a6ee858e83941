"""What keeps a Job from running on a real Kubernetes: images, quotas, nodes, in the cluster's words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes.client import V1ObjectMeta, V1ResourceQuota, V1ResourceQuotaSpec

from controller.jobs import Placement
from controller.kubernetes.cluster import KubernetesCluster
from controller.plan import JobPhase, WaitsFor
from tests.cluster_behaviour import ended, request
from tests.e2e.jobs import shaped
from tests.e2e.namespaces import RealNamespace, runs, until


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
