"""What Helm tells the user after an install. What it tells of checkpoints on one node is in test_one_node.py."""

import pytest

from tests.chart.rendering import CI, notes

REGISTRIES = ("image.registry=ghcr.io/acme", "worker.image.registry=ghcr.io/acme")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((), "podium-controller:0.1.0 and podium-worker:0.1.0:"),
        (REGISTRIES[:1], "for podium-worker:0.1.0:"),
        (REGISTRIES[1:], "for podium-controller:0.1.0:"),
    ],
)
def test_images_without_a_registry_are_named(given: tuple[str, ...], named: str) -> None:
    said = notes(*(word for one in given for word in ("--set", one)))
    assert named in said
    assert "--set image.registry=... --set worker.image.registry=..." in said


def test_of_images_with_a_registry_nothing_is_said() -> None:
    assert "registry" not in notes(*(word for one in REGISTRIES for word in ("--set", one)))


def test_what_an_uninstall_keeps_is_named() -> None:
    assert "delete pvc/data-podium-postgres-0 secret/podium-postgres pvc/podium-artifacts" in notes()
    assert "helm uninstall" not in notes(
        "--values", str(CI / "external-database.yaml"), "--set", "datasets.enabled=false"
    )
