"""Every error is a problem, whoever answers it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from controller.api.head_limit import MAX_ADDRESS_BYTES
from controller.api.problems import known_errors, type_of
from podium.wire import MAX_BODY_BYTES
from tests.service import API, Service


def problem_of(answer: Response) -> Mapping[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    told: Mapping[str, Any] = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "instance", "error", "faults"}
    assert told["status"] == answer.status_code
    return told


@pytest.mark.parametrize(
    ("method", "path", "status", "type_"),
    [
        ("GET", f"{API}/experiments/none", 404, "/problems/experiment-not-found"),
        ("GET", f"{API}/nothing-of-the-kind", 404, "about:blank"),
        ("PUT", f"{API}/experiments", 405, "about:blank"),
        ("GET", f"{API}/experiments?limit=0", 422, "/problems/invalid-request"),
        ("GET", f"{API}/run", 401, "/problems/invalid-token"),
        ("GET", f"{API}/experiments?name={'a' * MAX_ADDRESS_BYTES}", 414, "/problems/address-too-long"),
    ],
)
def test_an_error_is_a_problem(service: Service, method: str, path: str, status: int, type_: str) -> None:
    answer = service.http.request(method, path)
    told = problem_of(answer)
    assert (answer.status_code, told["type"], told["instance"]) == (status, type_, path.partition("?")[0])
    assert (status == 405) == ("allow" in answer.headers)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("experiments", {"GET", "POST"}),
        ("experiments/none", {"GET", "PATCH", "DELETE"}),
        ("experiments/none/pause", {"POST"}),
        ("tokens", {"GET", "POST"}),
        ("run/measurements", {"POST"}),
    ],
)
def test_a_405_names_every_method_that_the_address_has(service: Service, path: str, methods: set[str]) -> None:
    answer = service.http.put(f"{API}/{path}")
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, methods)


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**30])
def test_a_number_that_nothing_can_have_is_not_found(service: Service, number: int) -> None:
    trial = f"{API}/experiments/{service.create()}/trials/{number}"
    webhook = service.http.post(f"{API}/webhooks", json={"url": "https://example.com/notices"}).json()["id"]
    told = [
        service.http.get(trial),
        service.http.post(f"{trial}/stop"),
        service.http.post(f"{API}/webhooks/{webhook}/deliveries/{number}/again"),
    ]
    assert [problem_of(answer)["error"] for answer in told] == ["TrialNotFound", "TrialNotFound", "WebhookNotFound"]


def test_so_is_that_of_a_body_that_is_too_large(service: Service) -> None:
    answer = service.http.post(f"{API}/experiments", content=b" " * (MAX_BODY_BYTES + 1))
    assert problem_of(answer)["error"] == "BodyTooLarge"


def test_half_of_a_surrogate_pair_in_a_body_is_a_fault_like_others(service: Service) -> None:
    body = b'{"url": "https://example.com", "\\ud800": "\\ud800"}'
    answer = service.http.post(f"{API}/webhooks", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert problem_of(answer)["faults"]


def test_a_failure_tells_where_the_log_tells_it_and_nothing_else(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr("controller.store.experiments", fail)
    answer = TestClient(service.app, raise_server_exceptions=False).get(f"{API}/experiments")
    told = problem_of(answer)
    assert (answer.status_code, told["error"]) == (500, "InternalError")
    assert "secret" not in answer.text
    assert "Zero" not in answer.text
    assert told["detail"].rpartition(" ")[2] in caplog.text


def test_each_type_leads_to_a_page(service: Service) -> None:
    for error, status in known_errors().items():
        page = service.http.get(type_of(error))
        assert (page.status_code, f"HTTP status {status}" in page.text) == (200, True), error


def test_the_document_tells_problems_under_their_media_type_and_the_schema_is_what_is_answered(
    service: Service,
) -> None:
    document = service.app.openapi()
    fields = document["components"]["schemas"]["ProblemDetails"]["properties"]
    assert set(fields) == set(problem_of(service.http.get(f"{API}/nothing")))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], f"{method} {path} {status}"
    assert "409" not in document["paths"][f"{API}/experiments"]["get"]["responses"]
    assert json.dumps(document) == json.dumps(service.app.openapi())
