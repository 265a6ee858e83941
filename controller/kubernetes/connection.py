"""How the API server is found: as a Pod of its cluster does, else by a kubeconfig file."""

from pathlib import Path

from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from controller.kubernetes.api import Api
from controller.kubernetes.cluster import KubernetesCluster
from controller.kubernetes.job import House

CONNECTIONS = 32
"""Kept open: the threads that create Jobs, two watches, and what a pass asks for itself."""


class NoCluster(OSError):
    """There is no cluster to be found; the message says where it was looked for."""


def connect(
    namespace: str,
    *,
    image: str = "",
    owner: str | None = None,
    kubeconfig: Path | None = None,
    creates_per_second: float = 50.0,
) -> KubernetesCluster:
    """Return the cluster, with its Jobs in `namespace`. Whether it answers shows when it is asked for its Jobs.

    `image` is for Pods that name none, `owner` the Deployment with which all Jobs go: they are told from another
    Podium's by its name. Raises NoCluster.
    """
    api = Api(ApiClient(configuration(kubeconfig)), namespace)
    house = House(namespace=namespace, controller=owner or "podium", image=image)
    return KubernetesCluster(api, house, owner=owner, creates_per_second=creates_per_second)


def configuration(kubeconfig: Path | None = None) -> Configuration:
    found = Configuration()
    try:
        if kubeconfig is None:
            _configure_by_default(found)
        else:
            load_kube_config(config_file=str(kubeconfig), client_configuration=found)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise NoCluster(f"no Kubernetes cluster: {error}") from error
    found.connection_pool_maxsize = CONNECTIONS
    found.keep_alive = True
    found.retries = 0
    return found


def _configure_by_default(found: Configuration) -> None:
    try:
        load_incluster_config(client_configuration=found)  # type: ignore[no-untyped-call]
    except ConfigException:  # not in a Pod: KUBECONFIG, else ~/.kube/config
        load_kube_config(client_configuration=found)  # type: ignore[no-untyped-call]
