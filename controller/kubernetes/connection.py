"""How the API server is found: as a Pod of its cluster does, else by a kubeconfig file."""

from pathlib import Path

from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from controller.kubernetes.api import Api
from controller.kubernetes.cluster import KubernetesCluster
from controller.kubernetes.job import House
from controller.kubernetes.rights import cluster_findings
from podium.diagnosis import Finding

OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
CONNECTIONS = 32
"""Kept open: the threads that create Jobs, two watches, and what a pass asks for itself."""


class NoCluster(OSError):
    """There is no cluster to be found; the message says where it was looked for."""


def connect(
    namespace: str | None,
    *,
    owner: str | None = None,
    kubeconfig: Path | None = None,
    creates_per_second: float = 50.0,
) -> KubernetesCluster:
    """Return the cluster, with its Jobs in `namespace`, or where this process runs itself. Nothing is asked of it yet.

    `owner` names the Deployment with which all Jobs go, and by which they are told from another Podium's.
    Raises NoCluster.
    """
    client = ApiClient(configuration(kubeconfig))
    client.user_agent = "podium"  # as the audit log of the API server has it
    api = Api(client, namespace or _own_namespace())
    house = House(namespace=api.namespace, controller=owner or "podium")
    return KubernetesCluster(api, house, owner=owner, creates_per_second=creates_per_second)


def examine(namespace: str | None) -> list[Finding]:
    """Return what the cluster says of Podium's rights and of its own devices. Raises NoCluster."""
    api = Api(ApiClient(configuration()), namespace or _own_namespace())
    try:
        return list(cluster_findings(api))
    finally:
        api.close()


def configuration(kubeconfig: Path | None = None) -> Configuration:
    found = Configuration()
    try:
        if kubeconfig is None:
            _configure_by_default(found)
        else:
            load_kube_config(config_file=str(kubeconfig), client_configuration=found)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise NoCluster(f"no Kubernetes cluster: {error}") from error
    return tuned(found)


def tuned(found: Configuration) -> Configuration:
    """Keep connections, notice when one is dead, and leave every retry to whoever asked."""
    found.connection_pool_maxsize = CONNECTIONS
    found.keep_alive = True
    found.retries = 0
    return found


def _own_namespace() -> str:
    try:
        return OWN_NAMESPACE.read_text().strip()
    except OSError as error:
        raise NoCluster(f"which namespace? PODIUM_NAMESPACE is not set, and this is no Pod: {error}") from error


def _configure_by_default(found: Configuration) -> None:
    try:
        load_incluster_config(client_configuration=found)  # type: ignore[no-untyped-call]
    except ConfigException:  # not in a Pod: KUBECONFIG, else ~/.kube/config
        load_kube_config(client_configuration=found)  # type: ignore[no-untyped-call]
