"""Who reaches whom, by the NetworkPolicies. The test cluster enforces none: this is where they are tested."""

import pytest

from tests.chart.network import Place, is_allowed
from tests.chart.rendering import Object, of_kind, only, rendered

WORKER = Place(  # as controller.jobs labels it
    labels={
        "app.kubernetes.io/name": "podium",
        "app.kubernetes.io/component": "worker",
        "app.kubernetes.io/managed-by": "podium",
        "podium.dev/experiment": "digits-x7k2",
    }
)
DNS = Place(namespace="kube-system", labels={"k8s-app": "kube-dns"})
STRANGER = Place(namespace="other", labels={"app": "other"})
NEIGHBOUR = Place(labels={"app": "other"})
PROMETHEUS = Place(namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"})
WORLD = Place(address="93.184.216.34")


def policies(values: str = "defaults", *words: str) -> list[Object]:
    return list(of_kind(rendered(values, *words), "NetworkPolicy").values())


def pod(component: str) -> Place:
    names = {
        "api": ("Deployment", "podium-api"),
        "reconciler": ("Deployment", "podium-reconciler"),
        "postgres": ("StatefulSet", "podium-postgres"),
        "migrate": ("Job", "podium-migrate"),
    }
    if component == "test":
        return Place(labels=only(rendered(), "Pod", "podium-test")["metadata"]["labels"])
    return Place(labels=only(rendered(), *names[component])["spec"]["template"]["metadata"]["labels"])


COMPONENTS = ("api", "reconciler", "postgres", "migrate", "test")


@pytest.mark.parametrize("component", ["api", "reconciler", "migrate"])
def test_the_database_is_reached_by_those_who_use_it(component: str) -> None:
    assert is_allowed(policies(), pod(component), pod("postgres"), 5432)


@pytest.mark.parametrize("who", [WORKER, pod("test"), pod("postgres"), STRANGER, NEIGHBOUR, PROMETHEUS, WORLD])
def test_nobody_else_reaches_the_database(who: Place) -> None:
    assert not is_allowed(policies(), who, pod("postgres"), 5432)


@pytest.mark.parametrize(("who", "own"), [(WORKER, "podium-worker"), (pod("test"), "podium-test")])
def test_either_end_keeps_the_others_from_the_database(who: Place, own: str) -> None:
    """So that a policy which someone adds at one of them does not open the way."""
    for name in (own, "podium-postgres"):
        assert not is_allowed([only(rendered(), "NetworkPolicy", name)], who, pod("postgres"), 5432)


def test_a_pod_of_podium_that_no_other_policy_knows_is_closed() -> None:
    unknown = Place(labels={"app.kubernetes.io/name": "podium", "app.kubernetes.io/component": "new"})
    assert not is_allowed(policies(), unknown, DNS, 53, "UDP")
    assert not is_allowed(policies(), NEIGHBOUR, unknown, 80)


def test_a_worker_reaches_the_api_and_dns() -> None:
    assert is_allowed(policies(), WORKER, pod("api"), 8080)
    for protocol in ("UDP", "TCP"):
        assert is_allowed(policies(), WORKER, DNS, 53, protocol)


@pytest.mark.parametrize("who", [WORKER, *map(pod, ("api", "reconciler", "migrate", "test"))])
@pytest.mark.parametrize("address", ["169.254.20.10", "169.254.169.254"])
def test_a_resolver_with_an_address_of_its_own_is_reached_for_dns_alone(address: str, who: Place) -> None:
    """On GKE that of Cloud DNS is the metadata server's, which on other ports hands out the node's identity."""
    assert is_allowed(policies(), who, Place(address=address), 53, "UDP")
    assert not any(is_allowed(policies(), who, Place(address=address), port) for port in (80, 988, 8080))


def test_dns_may_be_elsewhere() -> None:
    elsewhere = Place(namespace="openshift-dns")
    assert is_allowed(policies("all-values"), WORKER, elsewhere, 5353, "UDP")
    assert not is_allowed(policies("all-values"), WORKER, elsewhere, 53, "UDP")
    assert not is_allowed(policies("all-values"), WORKER, DNS, 5353, "UDP")


@pytest.mark.parametrize("port", [443, 6443, 5432, 80, 22, 8080, 9090])
@pytest.mark.parametrize("target", [WORLD, STRANGER, NEIGHBOUR, WORKER, pod("reconciler"), Place(address="10.96.0.1")])
def test_a_worker_reaches_nothing_else(target: Place, port: int) -> None:
    assert not is_allowed(policies(), WORKER, target, port)


@pytest.mark.parametrize("values", ["defaults", "external-database"])
def test_nobody_reaches_a_worker(values: str) -> None:
    for who in (*map(pod, COMPONENTS), WORKER, STRANGER, NEIGHBOUR):
        assert not any(is_allowed(policies(values), who, WORKER, port) for port in (22, 80, 8080, 29500))


def test_a_worker_reaches_the_artifact_store_that_the_values_name() -> None:
    named = policies("all-values")
    store, extra = Place(address="10.2.0.9"), Place(address="10.3.0.9")
    assert is_allowed(named, WORKER, store, 443)
    assert is_allowed(named, WORKER, extra, 8080)
    assert not is_allowed(named, WORKER, WORLD, 443)


def test_reconciler_and_api_reach_the_artifact_store() -> None:
    given = (
        "--set",
        "networkPolicy.artifactStore[0].to[0].ipBlock.cidr=10.2.0.0/24,networkPolicy.artifactStore[0].ports[0].port=9000",
    )
    reached = {
        one for one in COMPONENTS if is_allowed(policies("defaults", *given), pod(one), Place(address="10.2.0.9"), 9000)
    }
    assert reached == {"reconciler", "api"}


def test_with_a_database_of_ones_own_a_worker_still_reaches_none() -> None:
    found = policies("external-database")
    assert not is_allowed(found, WORKER, WORLD, 5432)
    assert is_allowed(found, pod("api"), WORLD, 5432)
    assert is_allowed(found, pod("migrate"), WORLD, 5432)


@pytest.mark.parametrize("who", [STRANGER, NEIGHBOUR, PROMETHEUS, WORLD, pod("postgres"), pod("migrate")])
def test_the_api_is_closed_to_whom_the_values_do_not_name(who: Place) -> None:
    assert not is_allowed(policies(), who, pod("api"), 8080)


def test_the_api_is_open_to_whom_the_values_name() -> None:
    given = ("--set", "networkPolicy.apiFrom[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=other")
    assert is_allowed(policies("defaults", *given), STRANGER, pod("api"), 8080)
    assert is_allowed(policies(), pod("test"), pod("api"), 8080)


def test_metrics_are_open_to_prometheus_alone() -> None:
    given = (
        "--set",
        "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=monitoring",
    )
    for component in ("api", "reconciler"):
        assert is_allowed(policies("defaults", *given), PROMETHEUS, pod(component), 9090)
        assert not is_allowed(policies("defaults", *given), WORKER, pod(component), 9090)
        assert not is_allowed(policies("defaults", *given), STRANGER, pod(component), 9090)
        assert not is_allowed(policies(), PROMETHEUS, pod(component), 9090)
    assert not is_allowed(policies("defaults", *given), PROMETHEUS, pod("api"), 8080)


def test_the_reconciler_alone_reaches_the_kubernetes_api() -> None:
    server = Place(address="10.0.0.1")
    reached = {one for one in COMPONENTS if is_allowed(policies(), pod(one), server, 6443)}
    assert reached == {"reconciler"}


def test_the_database_reaches_nobody() -> None:
    for target in (*map(pod, COMPONENTS), DNS, WORLD, WORKER, NEIGHBOUR):
        assert not any(is_allowed(policies(), pod("postgres"), target, port) for port in (53, 443, 5432, 8080))


def test_policies_can_be_left_out() -> None:
    assert policies("existing-claims") == []
