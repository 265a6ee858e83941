"""An API without a token is not at the disposal of web pages."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from controller.api.app import create_app
from controller.settings import host_names, read_settings
from tests.builders import spec_document
from tests.service import API, Service

EVIL = "http://evil.example"


def create(service: Service, **headers: str) -> Any:
    return service.http.post(f"{API}/experiments", json=spec_document(), headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": EVIL, "Host": "evil.example"},
        {"Host": "evil.example:8080"},
    ],
    ids=str,
)
def test_a_page_of_another_address_creates_nothing(service: Service, headers: dict[str, str]) -> None:
    answer = create(service, **headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
    assert "PODIUM_OPEN" in answer.json()["detail"]
    assert service.http.get(f"{API}/experiments").json()["items"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"},
        {"Host": "127.0.0.1:8080"},
        {"Host": "[::1]:8080", "Origin": "http://[::1]:8080"},
        {"Host": "LOCALHOST:8080"},
        {"Host": "podium.localhost"},
        {"Host": "laptop:8080"},
    ],
    ids=str,
)
def test_whoever_asks_by_a_name_of_ours_is_served(service: Service, headers: dict[str, str]) -> None:
    assert create(service, **headers).status_code == 201
    assert service.http.get("/", headers=headers).status_code == 200


def test_pages_are_not_shown_under_the_name_of_another_site(service: Service) -> None:
    answer = service.http.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert "PODIUM_HOST_NAMES" in answer.text
    form = {"Host": "evil.example", "Origin": EVIL}
    assert service.http.post("/new", headers=form, data={"spec": "{}"}).status_code == 403
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert service.http.get("/", headers=linked).status_code == 200, "a link from elsewhere leads here"


def test_names_that_are_configured_are_known(service: Service) -> None:
    settings = read_settings(host_names="Podium.Lab.example, b.example", worker_url="http://podium.ns.svc:8080")
    names = host_names(settings)
    assert names == {"podium.lab.example", "b.example", "podium.ns.svc", "127.0.0.1"}
    known = replace(service.app.state.collaborators, host_names=names, registry=CollectorRegistry())
    with TestClient(create_app(known), base_url="http://podium.lab.example") as http:
        assert http.get(f"{API}/experiments").status_code == 200
        assert http.get(f"{API}/experiments", headers={"Host": "evil.example"}).status_code == 403


def test_workers_and_probes_are_served_by_any_name(service: Service) -> None:
    service.create()
    service.settle()
    job = service.active()[0]
    answer = service.http.get(f"{API}/run", headers=service.token(job) | {"Host": "podium.elsewhere.example"})
    assert answer.status_code == 200
    assert service.http.get("/healthz", headers={"Host": "10-0-0-1.nodes.example"}).status_code == 200
