"""Every object is valid on every Kubernetes that is supported in earnest, and a field that it does not know is a fault.

An API server of 1.20 drops such fields in silence. Kinds of the Prometheus operator have no schema here.
"""

import copy
import functools
from typing import Any

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from tests.chart.rendering import RENDERINGS, Object, of_kind, only, pods, refused, rendered

VERSIONS = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")


@pytest.fixture(autouse=True)
def _schemas_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utils, "schema_contents", _schema)


_read = utils.schema_contents


@functools.cache
def _schema(name: str, version: str) -> Any:  # a JSON schema
    return _read(name, version)


@pytest.mark.parametrize("values", RENDERINGS)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(version: str, values: str) -> None:
    known = [one for one in rendered(values) if not one["apiVersion"].startswith("monitoring.coreos.com/")]
    faults = [fault for one in known for fault in _faults(one, version)]
    assert faults == []
    assert len(known) > 15


def test_an_unknown_field_is_a_fault() -> None:
    deployment = copy.deepcopy(only(rendered(), "Deployment", "podium-api"))
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    (fault,) = _faults(deployment, "1.37")
    assert "readynessProbe" in fault


def test_an_old_kubernetes_gets_the_kinds_that_it_has() -> None:
    """1.20 has no policy/v1, and 1.25 no policy/v1beta1."""
    for version, group in (("1.20.2", "policy/v1beta1"), ("1.21.0", "policy/v1"), ("1.37.0", "policy/v1")):
        budgets = of_kind(rendered("defaults", "--kube-version", version), "PodDisruptionBudget")
        assert {one["apiVersion"] for one in budgets.values()} == {group}


def test_a_kubernetes_before_1_20_is_refused() -> None:
    assert "incompatible with Kubernetes v1.19" in refused("defaults", "--kube-version", "1.19.0")


def test_no_pod_uses_what_1_20_lacks() -> None:
    """Fields that came later, and that 1.20 would drop or refuse: nothing may depend on them."""
    for _, pod in pods(rendered("all-values", "--kube-version", "1.20.2")):
        for container in pod["spec"]["containers"]:
            handlers = container.get("lifecycle", {}).values()
            probes = [container[name] for name in container if name.endswith("Probe")]
            assert not any("sleep" in handler for handler in handlers)
            assert not any("grpc" in probe for probe in probes)
        assert "restartPolicy" not in pod["spec"].get("initContainers", [{}])[0]


def _faults(one: Object, version: str) -> list[str]:
    try:
        kubernetes_validate.validate(one, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{one['kind']} {one['metadata']['name']}: {'.'.join(map(str, error.path))}: {error.message}"]
    return []
