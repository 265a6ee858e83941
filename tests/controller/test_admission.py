"""Who may ask what: the admin token opens the API, a run token its own run and nothing else."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from controller.api.app import create_app
from tests.builders import spec_document
from tests.service import API, Service

ADMIN = {"Authorization": "Bearer an-admin-token-of-the-tests"}


@pytest.fixture
def closed(service: Service) -> Iterator[TestClient]:
    """The same application with an admin token set."""
    open_ones = service.app.state.collaborators
    app = create_app(replace(open_ones, admin_token="an-admin-token-of-the-tests", registry=CollectorRegistry()))
    with TestClient(app) as http:
        yield http


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "experiments"),
        ("POST", "experiments"),
        ("GET", "experiments/x"),
        ("DELETE", "experiments/x"),
        ("GET", "experiments/x/trials/1/evaluation"),
        ("GET", "experiments/x/trials/1/evaluation/job"),
        ("GET", "experiments/x/trials/1/test"),
    ],
)
@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({}, "PODIUM_TOKEN"),
        ({"Authorization": "Bearer guess"}, "this token opens nothing here"),
        ({"Authorization": "Basic YTpi"}, "PODIUM_TOKEN"),
    ],
)
def test_without_the_admin_token_nobody_enters(
    closed: TestClient, method: str, path: str, header: dict[str, str], told: str
) -> None:
    answer = closed.request(method, f"{API}/{path}", headers=header)
    assert (answer.status_code, answer.json()["error"]) == (401, "InvalidToken")
    assert told in answer.json()["detail"]


def test_with_it_everything_opens(closed: TestClient) -> None:
    assert closed.post(f"{API}/experiments", json=spec_document(), headers=ADMIN).status_code == 201
    assert closed.get(f"{API}/experiments", headers=ADMIN).status_code == 200


def test_probes_need_no_token(closed: TestClient) -> None:
    assert {closed.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")} == {200}


def test_a_run_token_opens_no_experiment_even_where_the_api_is_open(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    for method, path in (("POST", "experiments"), ("GET", "experiments"), ("DELETE", "experiments/x")):
        answer = service.http.request(method, f"{API}/{path}", headers=service.token(job))
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")


def test_an_expired_run_token_is_still_known_for_one(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.clock.advance(1e6)
    assert service.http.get(f"{API}/experiments", headers=service.token(job)).status_code == 403


def test_a_run_token_works_where_the_api_is_closed(service: Service, closed: TestClient) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    assert closed.get(f"{API}/run", headers=service.token(job)).status_code == 200
    assert closed.get(f"{API}/run", headers=ADMIN).status_code == 401
