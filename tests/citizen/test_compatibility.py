"""The promise of `/api/v1`: the document is current, and what would break a caller is seen."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from controller.api.compatibility import breaks
from hack.openapi import DOCUMENT, document_of
from tests.service import API, Service

Change = Callable[[Any], object]
PROMISED = json.loads(DOCUMENT.read_text(encoding="utf-8"))
LIST, ONE = f"{API}/experiments", f"{API}/experiments/{{experiment_id}}"


def schemas(document: Any) -> Any:
    return document["components"]["schemas"]


def limit(document: Any) -> Any:
    return next(each for each in document["paths"][LIST]["get"]["parameters"] if each["name"] == "limit")


BREAKING: list[tuple[str, Change]] = [
    ("is gone", lambda it: it["paths"].pop(ONE)),
    ("is gone", lambda it: it["paths"][ONE].pop("delete")),
    ("parameter 'limit' is gone", lambda it: it["paths"][LIST]["get"]["parameters"].remove(limit(it))),
    ("is required now", lambda it: limit(it).update(required=True)),
    ("maximum is narrower", lambda it: limit(it)["schema"].update(maximum=10)),
    ("field 'state' is gone", lambda it: schemas(it)["Experiment"]["properties"].pop("state")),
    ("may be missing now", lambda it: schemas(it)["Experiment"]["required"].remove("state")),
    ("was string, is integer", lambda it: schemas(it)["Experiment"]["properties"]["id"].update(type="integer")),
    ("is required now", lambda it: schemas(it)["ExperimentChange"].update(required=["parallelism"])),
    ("is not taken any more", lambda it: schemas(it)["ExperimentState"]["enum"].pop()),
    ("does not answer 201", lambda it: it["paths"][LIST]["post"]["responses"].pop("201")),
    ("wants the role admin now", lambda it: it["paths"][LIST]["get"].update(security=[{"token": ["admin"]}])),
    ("wants a runToken now", lambda it: it["paths"][LIST]["get"].update(security=[{"runToken": []}])),
    ("wants a token now", lambda it: it["paths"]["/healthz"]["get"].update(security=[{"token": ["viewer"]}])),
    ("no application/yaml", lambda it: it["paths"][LIST]["post"]["requestBody"]["content"].pop("application/yaml")),
]
KIND: list[Change] = [
    lambda it: it["paths"][LIST]["post"].update(security=[{"token": ["viewer"]}]),
    lambda it: it["paths"][LIST]["get"].update(security=[]),
    lambda it: it["paths"].update({f"{API}/new": {"get": {"responses": {}}}}),
    lambda it: schemas(it)["Experiment"]["properties"].update(more={"type": "string"}),
    lambda it: schemas(it)["ExperimentChange"]["properties"].update(more={"type": "string"}),
    lambda it: schemas(it)["ExperimentState"]["enum"].append("asleep"),
    lambda it: limit(it)["schema"].update(maximum=10_000),
    lambda it: schemas(it)["Experiment"].update(description="in other words"),
]


def test_the_document_that_is_kept_is_what_the_application_tells(service: Service) -> None:
    told = document_of(service.app)
    assert breaks(PROMISED, told) == []
    assert set(told["paths"]) - {"/metrics"} == set(PROMISED["paths"]) - {"/metrics"}


@pytest.mark.parametrize(("words", "change"), BREAKING)
def test_what_breaks_a_caller_is_seen(words: str, change: Change) -> None:
    mutated = copy.deepcopy(PROMISED)
    change(mutated)
    assert any(words in each for each in breaks(PROMISED, mutated))


@pytest.mark.parametrize("change", KIND)
def test_what_breaks_nobody_is_let_through(change: Change) -> None:
    mutated = copy.deepcopy(PROMISED)
    change(mutated)
    assert breaks(PROMISED, mutated) == []
