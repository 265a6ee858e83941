"""Secrets: made once, the same after an upgrade, and no longer made once the user gives one."""

from base64 import b64decode
from pathlib import Path

import pytest

from tests.chart.cluster_stub import cluster_with
from tests.chart.rendering import RENDERINGS, Object, helm_template, of_kind, only, parsed, rendered


def test_what_is_made_is_long_and_differs() -> None:
    auth, postgres = (only(rendered(), "Secret", name)["data"] for name in ("podium-auth", "podium-postgres"))
    made = [b64decode(value) for value in (auth["admin-token"], auth["secret-key"], postgres["password"])]
    assert [len(value) for value in made] == [48, 48, 48]  # the controller asks for 32 bytes and 16
    assert len(set(made)) == 3


def test_another_install_has_other_secrets() -> None:
    first, second = (parsed(helm_template("defaults").stdout) for _ in range(2))
    for name in ("podium-auth", "podium-postgres"):
        assert only(first, "Secret", name)["data"] != only(second, "Secret", name)["data"]


def test_an_upgrade_keeps_what_was_made(tmp_path: Path) -> None:
    """Against a cluster that holds the Secrets of the first install, as Helm's `lookup` finds them."""
    before = of_kind(rendered(), "Secret")
    with cluster_with(before, tmp_path) as kubeconfig:
        after = _rendered_on(kubeconfig)
    assert {name: one["data"] for name, one in after.items()} == {name: one["data"] for name, one in before.items()}


def test_an_upgrade_makes_what_is_missing(tmp_path: Path) -> None:
    """A Secret of an older chart may hold one key of the two."""
    held: Object = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "podium-auth"},
        "data": {"secret-key": "a2VwdA=="},
    }
    with cluster_with({"podium-auth": held}, tmp_path) as kubeconfig:
        after = _rendered_on(kubeconfig)["podium-auth"]["data"]
    assert after["secret-key"] == "a2VwdA=="
    assert len(b64decode(after["admin-token"])) == 48


def _rendered_on(kubeconfig: Path) -> dict[str, Object]:
    words = ("--dry-run=server", "--disable-openapi-validation", "--is-upgrade", "--kubeconfig", str(kubeconfig))
    return of_kind(parsed(helm_template("defaults", *words).stdout), "Secret")


def test_the_password_stays_with_the_data_and_the_keys_go_with_the_release() -> None:
    kept = {
        f"{kind}/{name}"
        for kind in ("Secret", "PersistentVolumeClaim")
        for name, one in of_kind(rendered("defaults", "--set", "datasets.enabled=true"), kind).items()
        if one["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
    }
    assert kept == {
        "Secret/podium-postgres",
        "PersistentVolumeClaim/podium-artifacts",
        "PersistentVolumeClaim/podium-datasets",
    }


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("auth.adminToken.existingSecret=mine", {"podium-auth": {"secret-key"}, "podium-postgres": {"password"}}),
        ("auth.secretKey.existingSecret=mine", {"podium-auth": {"admin-token"}, "podium-postgres": {"password"}}),
        ("postgres.existingSecret=mine", {"podium-auth": {"admin-token", "secret-key"}}),
        ("database.existingSecret=mine", {"podium-auth": {"admin-token", "secret-key"}}),
    ],
)
def test_a_secret_of_ones_own_replaces_the_made_one(given: str, left: dict[str, set[str]]) -> None:
    objects = rendered("defaults", "--set", given)
    assert {name: set(one["data"]) for name, one in of_kind(objects, "Secret").items()} == left


def test_with_secrets_of_ones_own_none_is_made() -> None:
    assert of_kind(rendered("external-database"), "Secret") == {}


def test_no_secret_stands_in_a_pod_or_a_configmap() -> None:
    """Environment variables refer to Secrets; their values stand nowhere else."""
    secrets = [
        b64decode(value).decode() for one in of_kind(rendered(), "Secret").values() for value in one["data"].values()
    ]
    elsewhere = str([one for one in rendered() if one["kind"] != "Secret"])
    assert not any(secret in elsewhere for secret in secrets)


@pytest.mark.parametrize("values", RENDERINGS)
def test_no_experiment_may_read_what_is_the_releases_own(values: str) -> None:
    objects = rendered(values)
    [api] = [one for name, one in of_kind(objects, "Deployment").items() if name.endswith("-api")]
    container = api["spec"]["template"]["spec"]["containers"][0]
    [reserved] = [each["value"].split(",") for each in container["env"] if each["name"] == "PODIUM_RESERVED_NAMES"]
    used = {
        each["valueFrom"]["secretKeyRef"]["name"]
        for each in container["env"]
        if "secretKeyRef" in each.get("valueFrom", {})
    }
    assert used <= set(reserved)
    for postgres in of_kind(objects, "StatefulSet").values():
        claims = [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in postgres["spec"]["template"]["spec"]["volumes"]
            if "persistentVolumeClaim" in volume
        ]
        assert set(claims or [f"data-{postgres['metadata']['name']}-0"]) <= set(reserved)
