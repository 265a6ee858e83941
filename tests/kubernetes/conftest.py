"""An API server, a controller's view of its Jobs, and a reflector of its things."""

from collections.abc import Iterator

import pytest

from controller.kubernetes.cluster import KubernetesCluster
from tests.kubernetes.api_server import ApiServer, api_server
from tests.kubernetes.followed import Followed
from tests.kubernetes.serverside import HOUSE, QUICK


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as server:
        yield server


@pytest.fixture
def cluster(server: ApiServer) -> Iterator[KubernetesCluster]:
    cluster = KubernetesCluster(server.api(), HOUSE, timing=QUICK)
    yield cluster
    cluster.close()


@pytest.fixture
def followed(server: ApiServer) -> Iterator[Followed]:
    followed = Followed(server)
    yield followed
    followed.reflector.close()
