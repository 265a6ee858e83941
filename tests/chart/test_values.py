"""Values: each is documented, each is in the schema, each is tried, and anything else is refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from hack.chart_docs import VALUES, documented
from tests.chart.rendering import CHART, CI, RENDERINGS, helm, refused


@pytest.mark.parametrize("values", RENDERINGS)
def test_lint_finds_nothing(values: str) -> None:
    file = () if values == "defaults" else ("--values", str(CI / f"{values}.yaml"))
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), *file).stdout


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("replicas=3", "'replicas' not allowed"),
        ("api.replica=3", "'replica' not allowed"),
        ("api.affinity.nodeAfinity.x=1", "'nodeAfinity' not allowed"),
        ("api.tolerations[0].effects=NoSchedule", "'effects' not allowed"),
        ("worker.defaults.command[0]=sh", "'command' not allowed"),
        ("worker.defaults.resources.limit.cpu=1", "'limit' not allowed"),
        ("worker.defaults.securityContext.runAsUser=0", "'securityContext' not allowed"),
        ("worker.defaults.runAsUser=0", "minimum"),
        ("networkPolicy.apiFrom[0].podSelectors.matchLabels.a=b", "'podSelectors' not allowed"),
        ("image.pullPolicy=Sometimes", "must be one of 'Always', 'IfNotPresent', 'Never'"),
        ("image.tag=a b", "does not match pattern"),
        ("fullnameOverride=" + "r" * 44, "does not match pattern"),
        ("artifacts.url=/artifacts", "does not match pattern"),
        ("database.url=postgresql://x", "'url' not allowed"),
        ("postgres.runAsUser=0", "minimum"),
    ],
)
def test_what_the_chart_does_not_know_is_refused(given: str, named: str) -> None:
    assert named in refused("defaults", "--set", given)


def test_a_number_is_a_quantity_too() -> None:
    helm(
        "template", str(CHART), "--set", "worker.defaults.resources.limits.cpu=2", "--set", "api.resources.limits.cpu=2"
    )


@pytest.mark.parametrize(
    ("needs", "given"),
    [
        ("networkPolicy.apiFrom", "ingress.enabled=true"),
        ("networkPolicy.apiFrom", "api.service.type=LoadBalancer"),
        ("networkPolicy.apiFrom", "api.service.type=NodePort"),
        ("networkPolicy.metricsFrom", "monitoring.serviceMonitor.enabled=true"),
        ("networkPolicy.artifactStore", "artifacts.url=s3://checkpoints"),
        ("networkPolicy.artifactStore", "artifacts.url=gs://checkpoints/podium"),
    ],
)
def test_a_way_that_the_network_would_cut_is_refused(needs: str, given: str) -> None:
    assert f"needs {needs}" in refused("defaults", "--set", given)
    helm("template", str(CHART), "--set", given, "--set", "networkPolicy.enabled=false")


@pytest.mark.parametrize("path", ["/tmp", "/tmp/", "/tmp/podium", "//tmp", "/./tmp", "/data/../tmp/x"])
def test_checkpoints_in_a_folder_that_each_pod_has_for_itself_are_refused(path: str) -> None:
    assert "artifacts.url must not lie in /tmp" in refused("defaults", "--set", f"artifacts.url=file://{path}")


def test_a_folder_that_is_called_nearly_so_is_not() -> None:
    helm("template", str(CHART), "--set", "artifacts.url=file:///tmpfs/podium")


def test_all_values_are_tried() -> None:
    tried = _load("ci/all-values.yaml")
    for value in documented(VALUES.read_text(encoding="utf-8")):
        found = tried
        for key in value.path:
            assert key in found, f"ci/all-values.yaml lacks {'.'.join(value.path)}"
            found = found[key]


def test_every_key_of_a_trial_is_tried_as_a_default() -> None:
    schema = _load("values.schema.json")
    assert set(_load("ci/all-values.yaml")["worker"]["defaults"]) == set(
        schema["definitions"]["PodShape"]["properties"]
    )


def test_the_schema_leaves_no_object_open() -> None:
    """An object has either named keys and no others, or free keys whose values have a type."""
    schema = _load("values.schema.json")
    open_objects = [
        path
        for path, part in _objects(schema, "")
        if "properties" not in part
        and "patternProperties" not in part
        and not isinstance(part.get("additionalProperties"), dict)
    ]
    assert open_objects == ["/properties/global"]  # Helm's own
    loose = [
        path
        for path, part in _objects(schema, "")
        if "properties" in part and part.get("additionalProperties") is not False
    ]
    assert loose == []


def _objects(part: Any, path: str) -> Iterator[tuple[str, Any]]:  # a schema's part may be anything of JSON
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield path, part
        for key, found in part.items():
            yield from _objects(found, f"{path}/{key}")
    elif isinstance(part, list):
        for position, found in enumerate(part):
            yield from _objects(found, f"{path}/{position}")


def _load(name: str) -> Any:  # whatever the file holds
    return YAML(typ="safe").load((CHART / name).read_text(encoding="utf-8"))
