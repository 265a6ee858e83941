"""A namespace of its own on a real Kubernetes, and what only someone with all rights can do there."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kubernetes.client import V1DeleteOptions, V1Eviction, V1Namespace, V1ObjectMeta
from kubernetes.client.api_client import ApiClient
from pydantic import BaseModel

from controller.cluster import Cluster
from controller.jobs import JobRequest
from controller.kubernetes.api import Api, Json, Refused
from controller.kubernetes.cluster import KubernetesCluster
from controller.kubernetes.connection import configuration
from controller.kubernetes.job import House
from controller.plan import SeenJob
from tests.cluster_behaviour import IMAGE
from tests.waiting import wait_for

_numbers = itertools.count(1)


class ImagedCluster(KubernetesCluster):
    """Gives Pods the image that the nodes of this cluster have."""

    image = IMAGE

    def create_job(self, request: JobRequest) -> None:
        if request.pod.image == IMAGE:
            request = replace(request, pod=request.pod.model_copy(update={"image": self.image}))
        super().create_job(request)


class RealNamespace:
    """One test's namespace."""

    def __init__(self, kubeconfig: Path, image: str) -> None:
        self._client = ApiClient(configuration(kubeconfig))
        self.api = Api(self._client, f"podium-test-{os.getpid()}-{next(_numbers)}")
        self._image = image
        self._clusters: list[KubernetesCluster] = []

    def cluster(self, *, controller: str = "podium", owner: str | None = None) -> KubernetesCluster:
        """Return another controller's view of the namespace."""
        house = House(namespace=self.api.namespace, controller=controller)
        cluster = ImagedCluster(self.api, house, owner=owner)
        cluster.image = self._image
        self._clusters.append(cluster)
        return cluster

    def objects(self, version: str, kind: str) -> list[Json]:
        return list(self.api.get(self.api.path(version, kind))["items"])

    def pod(self, job: str) -> Json:
        """Return the Job's first Pod, once there is one."""
        wait_for(lambda: bool(self._pods(job)), f"the Pod of {job}")
        return self._pods(job)[0]

    def ended_pods(self) -> list[Json]:
        return [pod for pod in self.objects("v1", "pods") if pod["status"]["phase"] in ("Succeeded", "Failed")]

    def delete_pod(self, job: str, *, grace_seconds: int | None = None) -> None:
        self._delete("v1", "pods", self.pod(job)["metadata"]["name"], grace_seconds)

    def evict_pod(self, job: str) -> None:
        """Ask for the Pod to go, as `kubectl drain` does."""
        name = self.pod(job)["metadata"]["name"]
        for version in ("policy/v1", "policy/v1beta1"):  # the older one until 1.22
            body = V1Eviction(api_version=version, kind="Eviction", metadata=V1ObjectMeta(name=name))
            try:
                self.api.post(self.api.path("v1", "pods", name, "eviction"), body)
            except Refused:
                if version == "policy/v1beta1":
                    raise
            else:
                return

    def delete_job(self, job: str) -> None:
        self._delete("batch/v1", "jobs", job, None)

    def delete(self, version: str, kind: str, name: str) -> None:
        self._delete(version, kind, name, None)

    def create(self, version: str, kind: str, body: BaseModel) -> Json:
        return self.api.post(self.api.path(version, kind), body)

    def open(self) -> None:
        name = self.api.namespace
        self.api.post("/api/v1/namespaces", V1Namespace(metadata=V1ObjectMeta(name=name)))
        wait_for(lambda: bool(self.objects("v1", "serviceaccounts")), "the namespace's service account")

    def close(self) -> None:
        for cluster in self._clusters:
            cluster.close()
        self.api.delete(f"/api/v1/namespaces/{self.api.namespace}", V1DeleteOptions())
        self.api.close()

    def _pods(self, job: str) -> list[Json]:
        pods = [pod for pod in self.objects("v1", "pods") if pod["metadata"]["labels"].get("job-name") == job]
        return sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def _delete(self, version: str, kind: str, name: str, grace_seconds: int | None) -> None:
        options = V1DeleteOptions(grace_period_seconds=grace_seconds, propagation_policy="Background")
        self.api.delete(self.api.path(version, kind, name), options)


@contextmanager
def real_namespace(kubeconfig: str, image: str) -> Iterator[RealNamespace]:
    namespace = RealNamespace(Path(kubeconfig), image)
    namespace.open()
    try:
        yield namespace
    finally:
        namespace.close()


def until(cluster: Cluster, name: str, is_so: Callable[[SeenJob], bool], what: str) -> SeenJob:
    """Return the Job as it is seen when something is so of it."""
    wait_for(lambda: name in cluster.jobs() and is_so(cluster.jobs()[name]), f"{what} of {name}")
    return cluster.jobs()[name]


def runs(cluster: Cluster, name: str) -> SeenJob:
    return until(cluster, name, lambda job: job.started_at is not None, "the start")
