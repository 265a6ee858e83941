"""The cluster under the tests: which one, how it gets images, and how its processes are killed from outside.

A cluster named by KUBECONFIG is used as it is; else kind, where it is installed; else hack/cluster, on Debian. Only the
last was ever run. On a cluster whose machine is out of reach the tests that kill processes are skipped.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from tests.e2e.shell import ROOT, run

HACK = ROOT / "hack" / "cluster"
STATE = Path(os.environ.get("CLUSTER_STATE", "/var/lib/debian-k8s"))


class Node(Protocol):
    """A cluster of one node."""

    kubeconfig: str
    storage_class: str
    """For the chart: empty for the default one, `-` for none."""
    python_image: str
    postgres_tag: str

    def build(self, tag: str, dockerfile: str, *arguments: str) -> None:
        """Build an image of the repository, and let the cluster have it."""
        ...

    def is_reachable(self) -> bool:
        """Say whether ClusterIPs can be connected to from here."""
        ...

    def volumes(self, namespace: str, claims: list[str]) -> list[dict[str, object]]:
        """Return the PersistentVolumes that must be made for these claims."""
        ...

    def forget(self, namespace: str) -> None:
        """Remove what the volumes of a namespace held."""
        ...

    def signal(self, name: str, namespace: str, pod: str) -> None:
        """Send a signal to the first process of a Pod's first container, from outside: KILL works there too."""
        ...

    def stop(self, component: str) -> None: ...

    def start(self, component: str) -> None: ...

    def close(self) -> None:
        """Take down what was brought up for these tests."""
        ...


def find_node() -> Node:
    named = os.environ.get("KUBECONFIG")
    if named and Path(named) != STATE / "kubeconfig":
        return NamedCluster(named)
    if not named and shutil.which("kind"):
        return Kind()
    return DebianNode()


class DebianNode:
    """hack/cluster: this machine is the node."""

    storage_class = "-"
    python_image = "docker.io/library/python:3.11-slim-bookworm"
    postgres_tag = "15"

    def __init__(self) -> None:
        self._was_up = self._is_up()
        self.kubeconfig = run(HACK, "up", seconds=1800).strip()
        run(HACK, "base-images", seconds=1800)
        for image in (self.python_image, f"docker.io/library/postgres:{self.postgres_tag}"):
            run(HACK, "load", image, seconds=300)

    def _is_up(self) -> bool:
        with suppress(AssertionError):
            run(HACK, "status")
            return True
        return False

    def build(self, tag: str, dockerfile: str, *arguments: str) -> None:
        python = ("--build-arg", f"PYTHON_IMAGE={self.python_image}")
        run(HACK, "build-image", f"docker.io/library/{tag}", dockerfile, ".", *python, *arguments, seconds=1800)

    def is_reachable(self) -> bool:
        return True

    def volumes(self, namespace: str, claims: list[str]) -> list[dict[str, object]]:
        return [self._volume(namespace, claim) for claim in claims]

    def forget(self, namespace: str) -> None:
        shutil.rmtree(STATE / "volumes" / namespace, ignore_errors=True)

    def _volume(self, namespace: str, claim: str) -> dict[str, object]:
        folder = STATE / "volumes" / namespace / claim
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)  # the kubelet gives no host folder to a Pod's group
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{namespace}-{claim}"},
            "spec": {
                "capacity": {"storage": "100Gi"},
                "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
                "hostPath": {"path": str(folder)},
                "claimRef": {"namespace": namespace, "name": claim},
                "persistentVolumeReclaimPolicy": "Retain",
            },
        }

    def signal(self, name: str, namespace: str, pod: str) -> None:
        run("kill", "-s", name, run(HACK, "pid", namespace, pod).strip())

    def stop(self, component: str) -> None:
        run(HACK, "stop", component)

    def start(self, component: str) -> None:
        run(HACK, "start", component)

    def close(self) -> None:
        if not self._was_up:
            run(HACK, "down", seconds=300)


class Kind:
    """A kind cluster of the tests' own. Written from kind's documentation and never run: there was no Docker."""

    NAME = "podium-e2e"
    CONTAINER = f"{NAME}-control-plane"
    MANIFESTS = "/etc/kubernetes/manifests"

    storage_class = ""
    python_image = "python:3.13-slim"
    postgres_tag = "18"

    def __init__(self) -> None:
        self._was_up = self.NAME in run("kind", "get", "clusters").split()
        if not self._was_up:
            run("kind", "create", "cluster", "--name", self.NAME, "--wait", "120s", seconds=600)
        kubeconfig = ROOT / "build" / "kind.kubeconfig"
        kubeconfig.parent.mkdir(exist_ok=True)
        kubeconfig.write_text(run("kind", "get", "kubeconfig", "--name", self.NAME))
        self.kubeconfig = str(kubeconfig)

    def build(self, tag: str, dockerfile: str, *arguments: str) -> None:
        run("docker", "build", "--tag", tag, "--file", dockerfile, *arguments, ".", seconds=1800)
        run("kind", "load", "docker-image", "--name", self.NAME, tag, seconds=1800)

    def is_reachable(self) -> bool:
        return False

    def volumes(self, namespace: str, claims: list[str]) -> list[dict[str, object]]:
        return []  # kind brings a StorageClass

    def forget(self, namespace: str) -> None:
        pass  # so does its provisioner

    def signal(self, name: str, namespace: str, pod: str) -> None:
        container = run("kubectl", "--kubeconfig", self.kubeconfig, "--namespace", namespace, "get", "pod", pod,
                        "--output", "jsonpath={.status.containerStatuses[0].containerID}")  # fmt: skip
        inspected = self._inside("crictl", "inspect", "--output", "go-template", "--template", "{{.info.pid}}",
                                 container.removeprefix("containerd://"))  # fmt: skip
        self._inside("kill", "-s", name, inspected.strip())

    def stop(self, component: str) -> None:
        assert component == "apiserver", component
        self._inside("mv", f"{self.MANIFESTS}/kube-apiserver.yaml", "/root/")

    def start(self, component: str) -> None:
        assert component == "apiserver", component
        self._inside("mv", "/root/kube-apiserver.yaml", f"{self.MANIFESTS}/")

    def close(self) -> None:
        if not self._was_up:
            run("kind", "delete", "cluster", "--name", self.NAME, seconds=300)

    def _inside(self, *command: str) -> str:
        return run("docker", "exec", self.CONTAINER, *command)


class NamedCluster:
    """Somebody's cluster. It takes images from E2E_REGISTRY, and nobody here can reach its machines. Never run."""

    storage_class = ""
    python_image = "python:3.13-slim"
    postgres_tag = "18"

    def __init__(self, kubeconfig: str) -> None:
        self.kubeconfig = kubeconfig
        self.registry = os.environ.get("E2E_REGISTRY", "")
        assert self.registry, "KUBECONFIG names a cluster: say in E2E_REGISTRY from where it is to pull the images"

    def build(self, tag: str, dockerfile: str, *arguments: str) -> None:
        name = f"{self.registry}/{tag}"
        run("docker", "build", "--tag", name, "--file", dockerfile, *arguments, ".", seconds=1800)
        run("docker", "push", name, seconds=1800)

    def is_reachable(self) -> bool:
        return False

    def volumes(self, namespace: str, claims: list[str]) -> list[dict[str, object]]:
        return []

    def forget(self, namespace: str) -> None:
        pass

    def signal(self, name: str, namespace: str, pod: str) -> None:
        pytest.skip("the machines of the cluster that KUBECONFIG names are out of reach")

    def stop(self, component: str) -> None:
        pytest.skip("the machines of the cluster that KUBECONFIG names are out of reach")

    def start(self, component: str) -> None:
        pytest.skip("the machines of the cluster that KUBECONFIG names are out of reach")

    def close(self) -> None:
        pass
