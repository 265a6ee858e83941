"""Kubernetes as the reconciler's cluster: the behaviour that all clusters share, and what belongs to a Job."""

import itertools
import threading
from collections.abc import Callable
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
from controller.kubernetes.cluster import KubernetesCluster
from controller.kubernetes.job import House, job_of
from controller.plan import JobPhase
from tests.cluster_behaviour import BEHAVIOURS, IMAGE, ended, gone, request, told
from tests.e2e.namespaces import RealNamespace, runs
from tests.waiting import wait_for


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
