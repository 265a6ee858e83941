"""How the API server is found."""

from pathlib import Path

import pytest

from controller.kubernetes.connection import NoCluster, configuration, connect
from tests.kubernetes.api_server import ApiServer, api_server

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "{url}"}}}}]
users: [{{name: test, user: {{token: s3cret}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
"""


def kubeconfig(folder: Path, server: ApiServer) -> Path:
    path = folder / "kubeconfig"
    path.write_text(KUBECONFIG.format(url=server.url))
    return path


def test_a_kubeconfig_names_the_server_and_the_token(tmp_path: Path) -> None:
    with api_server() as server:
        found = configuration(kubeconfig(tmp_path, server))
        assert found.host == server.url
        assert found.api_key == {"BearerToken": "Bearer s3cret"}


def test_a_cluster_is_told_apart_by_its_owner(tmp_path: Path) -> None:
    with api_server() as server:
        cluster = connect("podium", owner="podium-reconciler", kubeconfig=kubeconfig(tmp_path, server))
        assert cluster.jobs() == {}
        cluster.close()
        assert {one.query["labelSelector"] for one in server.requests} == {"podium.dev/controller=podium-reconciler"}


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(NoCluster, match="no Kubernetes cluster: Invalid kube-config file"):
        connect("podium", kubeconfig=tmp_path / "none")


def test_outside_of_a_pod_a_namespace_has_to_be_named(tmp_path: Path) -> None:
    with api_server() as server, pytest.raises(NoCluster, match="PODIUM_NAMESPACE is not set"):
        connect(None, kubeconfig=kubeconfig(tmp_path, server))
