"""The cluster and the images for all tests here, and a release or a namespace for those that need one."""

import os
import shutil
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from controller.kubernetes.cluster import KubernetesCluster
from tests.e2e.installation import Installation
from tests.e2e.namespaces import RealNamespace, real_namespace
from tests.e2e.nodes import DebianNode, Node, find_node

TAG = "e2e"
NEXT_TAG = "e2e-next"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder, so that `make test` leaves them out."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure what the cluster says: by the time that a person looks, it is gone."""
    report = yield
    podium = getattr(item, "funcargs", {}).get("podium")
    if report.failed and isinstance(podium, Installation):
        report.sections.append(("the cluster", podium.diagnosis()))
    return report


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    cache = Path(os.environ.get("CLUSTER_CACHE", Path.home() / ".cache" / "debian-k8s"))
    os.environ["PATH"] = f"{cache / 'bin'}:{os.environ['PATH']}"  # where hack/cluster keeps helm and kubectl
    found = find_node()
    assert shutil.which("helm"), "helm is not installed"
    yield found
    found.close()


@pytest.fixture(scope="session")
def images(node: Node) -> str:
    """Build both images from the Dockerfiles, and return their tag; a second one stands for the next release."""
    for part in ("controller", "worker"):
        began = time.monotonic()
        node.build(f"podium-{part}:{TAG}", f"docker/{part}.Dockerfile")
        node.build(
            f"podium-{part}:{NEXT_TAG}", f"docker/{part}.Dockerfile", "--label", "org.opencontainers.image.version=next"
        )
        print(f"podium-{part} built and loaded in {time.monotonic() - began:.0f} s")
    return TAG


@pytest.fixture(scope="session")
def podium(node: Node, images: str) -> Iterator[Installation]:
    """A release for all tests that leave it as they found it."""
    yield from released(Installation(node, "podium-e2e", images))


def released(made: Installation) -> Iterator[Installation]:
    """Install a release for as long as it is used."""
    made.remove()  # what an earlier run that was killed left behind
    made.install()
    yield made
    made.remove()


@pytest.fixture
def shell_of_debian(node: Node) -> DebianNode:
    """The cluster as hack/cluster's, for what only a machine at hand allows."""
    if not isinstance(node, DebianNode):
        pytest.skip("needs hack/cluster: it looks at this machine's own containers or connections")
    return node


@pytest.fixture
def namespace(node: Node) -> Iterator[RealNamespace]:
    with real_namespace(node.kubeconfig, node.python_image) as namespace:
        yield namespace


@pytest.fixture
def cluster(namespace: RealNamespace) -> KubernetesCluster:
    return namespace.cluster()
