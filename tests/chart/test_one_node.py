"""A checkpoints volume that one node at a time can mount: all who mount it share that node. Otherwise nobody does."""

import pytest

from controller.kubernetes.job import House
from tests.chart.rendering import RENDERINGS, Object, notes, of_kind, only, rendered
from tests.chart.test_pod_defaults import pod_defaults

LABEL = {"podium.dev/controller": "podium-reconciler"}
TERM = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABEL}}
ON_ONE_NODE = ["defaults", "existing-claims"]
SHARED = ("--set", "artifacts.volume.accessModes={ReadWriteMany}")


def template(values: str = "defaults", *words: str) -> Object:
    (found,) = (one for name, one in of_kind(rendered(values, *words), "Deployment").items() if "reconciler" in name)
    pod: Object = found["spec"]["template"]
    return pod


@pytest.mark.parametrize("values", ON_ONE_NODE)
def test_reconcilers_and_trials_run_beside_each_other(values: str) -> None:
    wanted = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}
    assert template(values)["spec"]["affinity"] == wanted
    affinity = pod_defaults(values).affinity
    assert affinity is not None
    assert affinity.model_dump(exclude_defaults=True) == wanted


@pytest.mark.parametrize("values", ON_ONE_NODE)
def test_the_label_is_the_reconcilers_and_the_one_that_it_gives_to_workers(values: str) -> None:
    """A required affinity lets the first Pod go anywhere only if that Pod itself has the label."""
    assert LABEL.items() <= template(values)["metadata"]["labels"].items()
    (container,) = template(values)["spec"]["containers"]
    (owner,) = (variable["value"] for variable in container["env"] if variable["name"] == "PODIUM_OWNER")
    assert House(namespace="podium", controller=owner).selector == "podium.dev/controller=podium-reconciler"


@pytest.mark.parametrize(
    ("values", "words"),
    [("external-database", ()), ("all-values", ()), *((values, SHARED) for values in ON_ONE_NODE)],
)
def test_a_volume_for_all_nodes_or_an_object_store_holds_nothing_together(values: str, words: tuple[str, ...]) -> None:
    assert "podium.dev/controller" not in str(rendered(values, *words))
    assert "podAffinity" not in str(rendered(values, *words))


def test_the_users_affinity_of_reconcilers_stays() -> None:
    given = "reconciler.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]"
    words: tuple[str, ...] = ("--set", f"{given}.topologyKey=zone,{given}.labelSelector.matchLabels.app=cache")
    weighed = "reconciler.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"
    words += ("--set", f"{weighed}.weight=1,{weighed}.preference.matchExpressions[0].key=a")
    words += ("--set", f"{weighed}.preference.matchExpressions[0].operator=Exists")
    affinity = template("defaults", *words)["spec"]["affinity"]
    theirs = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "cache"}}}
    assert affinity["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] == [theirs, TERM]
    assert affinity["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]["weight"] == 1


def test_the_users_affinity_of_trials_replaces_the_charts_and_the_notes_say_so() -> None:
    given = (
        "worker.defaults.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey=zone"
    )
    affinity = pod_defaults("defaults", given).affinity
    assert affinity is not None
    assert affinity.podAffinity is None
    assert "one node, that of the first" in notes()
    assert "worker.defaults.affinity is yours" not in notes()
    assert "the label podium.dev/controller: podium-reconciler" in notes("--set", given)
    assert "one node" not in notes(*SHARED)


@pytest.mark.parametrize("values", RENDERINGS)
@pytest.mark.parametrize("component", ["api", "reconciler"])
def test_a_node_with_all_who_use_the_volume_can_be_drained(values: str, component: str) -> None:
    """The last must leave before one starts elsewhere; a budget that waits for that would wait for ever."""
    budgets = of_kind(rendered(values), "PodDisruptionBudget")
    (budget,) = (one for name, one in budgets.items() if name.endswith(f"-{component}"))
    assert budget["spec"]["maxUnavailable"] == ("100%" if values in ON_ONE_NODE else 1)


def test_the_api_goes_where_the_volume_is_and_draws_nobody_after_it() -> None:
    pod = only(rendered(), "Deployment", "podium-api")["spec"]["template"]
    assert pod["spec"]["affinity"] == {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}}
    assert not LABEL.keys() & pod["metadata"]["labels"].keys()
    assert "affinity" not in only(rendered("defaults", *SHARED), "Deployment", "podium-api")["spec"]["template"]["spec"]
