"""Who migrates, and when: docs/decisions/0009-migrations-in-a-chart.md."""

import pytest

from tests.chart.rendering import Object, of_kind, only, rendered


@pytest.mark.parametrize(
    ("values", "hooks", "on_start"),
    [
        ("defaults", {"pre-upgrade"}, True),  # before the install there is no database
        ("external-database", {"pre-install", "pre-upgrade"}, False),
        ("existing-claims", set(), True),  # migrations.hook is false
    ],
)
def test_a_schema_is_there_before_it_is_used(values: str, hooks: set[str], on_start: bool) -> None:
    jobs = of_kind(rendered(values), "Job").values()
    assert {hook for job in jobs for hook in _hooks(job)} == hooks
    for name in ("podium-api", "podium-reconciler"):
        spec = only(rendered(values), "Deployment", name)["spec"]["template"]["spec"]
        assert [one["name"] for one in spec.get("initContainers", [])] == (["migrate"] if on_start else [])


def test_without_a_hook_pods_migrate_a_database_of_ones_own() -> None:
    objects = rendered("external-database", "--set", "migrations.hook=false")
    assert of_kind(objects, "Job") == {}
    for name in ("podium-api", "podium-reconciler"):
        assert "initContainers" in only(objects, "Deployment", name)["spec"]["template"]["spec"]


@pytest.mark.parametrize("values", ["defaults", "external-database"])
def test_what_the_hook_needs_is_there_before_it(values: str) -> None:
    """Of a first install nothing else is there yet, and of an older release there may be stricter NetworkPolicies."""
    job = only(rendered(values), "Job", "podium-migrate")
    for kind in ("ServiceAccount", "NetworkPolicy"):
        needed = only(rendered(values), kind, "podium-migrate")
        assert _hooks(needed) == _hooks(job)
        assert _weight(needed) < _weight(job)
    container = job["spec"]["template"]["spec"]["containers"][0]
    secrets = [one["valueFrom"]["secretKeyRef"]["name"] for one in container["env"] if "valueFrom" in one]
    assert secrets == ["podium-postgres" if values == "defaults" else "podium-database"]


def test_a_hook_leaves_nothing_behind_when_it_succeeds() -> None:
    for one in rendered():
        if _hooks(one):
            assert "hook-succeeded" in one["metadata"]["annotations"]["helm.sh/hook-delete-policy"]


def test_the_database_is_waited_for() -> None:
    spec = only(rendered("defaults", "--set", "migrations.waitSeconds=7"), "Deployment", "podium-api")["spec"]
    (container,) = spec["template"]["spec"]["initContainers"]
    assert container["command"] == ["podium-controller", "migrate", "--wait-seconds=7"]


def _hooks(one: Object) -> set[str]:
    found = one["metadata"].get("annotations", {}).get("helm.sh/hook", "")
    return set(found.split(",")) - {""}


def _weight(one: Object) -> int:
    return int(one["metadata"]["annotations"]["helm.sh/hook-weight"])
