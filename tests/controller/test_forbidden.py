"""A trial may read what is in its namespace, but nothing of Podium's own."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from controller.api.app import create_app
from controller.forbidden import forbidden_references
from controller.settings import read_settings, reserved_names
from podium.faults import parse_spec
from tests.builders import spec_document
from tests.service import API, Service

RESERVED = frozenset({"podium-secrets", "podium-database"})
RUN_TOKEN = "digits-k3f9-t1-e4-a1"


def volume(**source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "v", "mountPath": "/v", **source}]}


def faulty_paths(**trial: Any) -> list[str]:
    spec = parse_spec(spec_document(trial={"command": ["true"], **trial}))
    return [fault.path for fault in forbidden_references(spec, RESERVED)]


@pytest.mark.parametrize("name", ["podium-secrets", RUN_TOKEN])
@pytest.mark.parametrize(
    ("key", "path"), [("envFrom", "envFrom[1].secretRef.name"), ("volumes", "volumes[0].secret.secretName")]
)
def test_a_secret_of_podium_is_refused_at_every_rung(name: str, key: str, path: str) -> None:
    own = {"secretRef": {"name": "s3"}}
    section = {
        "envFrom": {"envFrom": [own, {"secretRef": {"name": name}}]},
        "volumes": volume(secret={"secretName": name}),
    }[key]
    assert faulty_paths(**section) == [f"trial.{path}"]
    assert faulty_paths(rungs={"small": section}) == [f"trial.rungs.small.{path}"]
    assert faulty_paths(**section, rungs={"full": section}) == [f"trial.{path}", f"trial.rungs.full.{path}"]


def test_a_claim_of_podium_is_refused() -> None:
    paths = faulty_paths(**volume(persistentVolumeClaim={"claimName": "podium-database"}))
    assert paths == ["trial.volumes[0].persistentVolumeClaim.claimName"]


def test_what_is_the_users_own_is_not() -> None:
    assert faulty_paths(envFrom=[{"secretRef": {"name": "s3"}}, {"configMapRef": {"name": "podium-secrets"}}]) == []
    assert faulty_paths(**volume(secret={"secretName": "digits-k3f9-t1"})) == []
    assert faulty_paths(**volume(persistentVolumeClaim={"claimName": RUN_TOKEN})) == [], "no claim holds a token"
    assert forbidden_references(parse_spec(spec_document()), RESERVED) == []


def test_the_api_tells_every_fault(service: Service) -> None:
    app = create_app(replace(service.app.state.collaborators, reserved_names=RESERVED, registry=CollectorRegistry()))
    trial = {
        "command": ["true"],
        "envFrom": [{"secretRef": {"name": "podium-secrets"}}],
        **volume(secret={"secretName": RUN_TOKEN}),
    }
    answer = TestClient(app).post(f"{API}/experiments", json=spec_document(trial=trial))
    assert (answer.status_code, answer.json()["error"]) == (422, "InvalidSpec")
    assert [(fault["path"], fault["found"]) for fault in answer.json()["faults"]] == [
        ("trial.envFrom[0].secretRef.name", "podium-secrets"),
        ("trial.volumes[0].secret.secretName", RUN_TOKEN),
    ]


def test_names_are_reserved_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reserved_names(read_settings()) == frozenset()
    monkeypatch.setenv("PODIUM_RESERVED_NAMES", "podium-secrets, podium-database,")
    assert reserved_names(read_settings()) == RESERVED
