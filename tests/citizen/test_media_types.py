"""A body of a type that a route does not read is refused as that, not as a body with faults."""

import json

import pytest

from controller.api.media_types import JSON, YAML, is_taken
from tests.builders import spec_document
from tests.service import API, Service

SPEC = json.dumps(spec_document()).encode()


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "nonsense"]
)
@pytest.mark.parametrize("path", ["experiments", "tokens", "projects", "webhooks"])
def test_a_body_of_another_type_is_refused_with_415(service: Service, path: str, content_type: str) -> None:
    answer = service.http.post(f"{API}/{path}", content=SPEC, headers={"Content-Type": content_type})
    told = answer.json()
    assert (answer.status_code, told["error"], told["type"]) == (
        415,
        "UnsupportedMediaType",
        "/problems/unsupported-media-type",
    )
    assert content_type in told["detail"]
    assert "application/json" in told["detail"]


@pytest.mark.parametrize("content_type", ["application/yaml", "text/yaml", "Application/JSON; charset=utf-8", None])
def test_a_spec_is_read_by_every_name_of_its_type(service: Service, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert service.http.post(f"{API}/experiments", content=SPEC, headers=headers).status_code == 201


def test_a_spec_is_read_as_curl_sends_a_file(service: Service) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert service.http.post(f"{API}/experiments", content=SPEC, headers=headers).status_code == 201


def test_what_has_no_body_has_no_type(service: Service) -> None:
    experiment_id = service.create()
    headers = {"Content-Type": "text/plain"}
    assert service.http.post(f"{API}/experiments/{experiment_id}/pause", headers=headers).status_code == 200
    assert service.http.post(f"{API}/experiments/{experiment_id}/resume", content=b"x", headers=headers).is_success


def test_a_worker_is_refused_like_users(service: Service) -> None:
    service.create()
    service.settle()
    headers = service.token(service.active()[0]) | {"Content-Type": "text/plain"}
    assert service.http.post(f"{API}/run/measurements", content=b"{}", headers=headers).status_code == 415


@pytest.mark.parametrize(
    ("given", "by_json", "by_both"),
    [
        ("application/json", True, True),
        ("application/merge-patch+json", True, True),
        ("text/json+json", False, False),
        ("", False, True),
        ("application/x-www-form-urlencoded", False, True),
        ("text/x-yaml; charset=utf-8", False, True),
        ("text/plain", False, False),
        ("application/jsonp", False, False),
    ],
)
def test_types(given: str, by_json: bool, by_both: bool) -> None:
    assert (is_taken(given, (JSON,)), is_taken(given, (JSON, YAML))) == (by_json, by_both)
