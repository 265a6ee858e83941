"""What the OpenAPI document says of tokens, types and links is what the service does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from controller.api.access import Need
from controller.api.links import SOURCES
from controller.api.security import RUN_TOKEN, TOKEN, needs
from tests.service import API, Service


@pytest.fixture
def document(service: Service) -> Any:
    return service.app.openapi()


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_each_operation_names_the_token_that_the_table_wants(document: Any) -> None:
    told = {name: operation["security"] for name, operation in operations(document)}
    assert told[f"GET {API}/run"] == [{RUN_TOKEN: []}]
    assert told[f"POST {API}/experiments"] == [{TOKEN: ["editor"]}]
    assert told[f"GET {API}/audit"] == [{TOKEN: ["admin"]}]
    assert told["GET /healthz"] == []
    for name, security in told.items():
        assert bool(security) == (needs()[name] is not Need.NOTHING), name
    assert document["components"]["securitySchemes"].keys() == {TOKEN, RUN_TOKEN}


def test_no_operation_has_a_header_of_its_own_for_the_token(document: Any) -> None:
    named = [each["name"] for _, operation in operations(document) for each in operation.get("parameters", ())]
    assert "authorization" not in named


def test_what_takes_a_body_refuses_other_types_in_the_document_too(document: Any) -> None:
    for name, operation in operations(document):
        assert ("requestBody" in operation) == ("415" in operation["responses"]), name


def test_every_answer_that_says_when_to_come_again_tells_so(document: Any) -> None:
    for name, operation in operations(document):
        for status in {"429", "503"} & operation["responses"].keys():
            assert "Retry-After" in operation["responses"][status]["headers"], (name, status)


def test_an_experiment_leads_to_all_that_can_be_asked_of_it(service: Service, document: Any) -> None:
    links = document["paths"][f"{API}/experiments"]["post"]["responses"]["201"]["links"]
    by_id = {operation["operationId"]: name for name, operation in operations(document)}
    led_to = {by_id[link["operationId"]] for link in links.values()}
    one = f"{API}/experiments/{{experiment_id}}"
    expected = {name for name, _ in operations(document) if one in name and name.count("{") == 1}
    assert led_to == expected
    assert f"DELETE {one}" in led_to
    created = service.create()
    assert service.read(created)["id"] == created


def test_every_link_leads_to_an_operation_and_fills_its_whole_path(document: Any) -> None:
    by_id = {operation["operationId"]: operation for _, operation in operations(document)}
    for source in SOURCES:
        method, path = source.operation.split(" ")
        answer = document["paths"][API + path][method.lower()]["responses"][source.status]
        assert answer["links"], source.operation
        for link in answer["links"].values():
            asked = {each["name"] for each in by_id[link["operationId"]]["parameters"] if each["in"] == "path"}
            assert {f"path.{name}" for name in asked} == link["parameters"].keys()


def test_the_example_of_a_spec_makes_an_experiment(service: Service, document: Any) -> None:
    for media, content in document["paths"][f"{API}/experiments"]["post"]["requestBody"]["content"].items():
        body = json.dumps(content["example"])
        answer = service.http.post(f"{API}/experiments", content=body, headers={"Content-Type": media})
        assert answer.status_code == 201, answer.text
