"""A search that starts from what earlier ones found."""

from typing import Any

import pytest

from controller.space import Space
from controller.warm_start import adapted
from podium.faults import parse_spec
from podium.parameters import Configuration
from tests.builders import spec_document
from tests.service import API, BASELINE, Service

LARGER = {"learning_rate": 0.5, "batch_size": 128, "nesterov": True}


def earlier(service: Service) -> str:
    """Run an experiment to its end whose baseline is not its best trial."""
    experiment_id = service.create(
        fidelity={"rungs": {"full": 1}}, baseline=BASELINE, guesses=[LARGER], budget={"runs": 2}, parallelism=1
    )
    for value in (0.6, 0.9):
        service.settle()
        service.finish(service.active()[0], value)
    service.settle()
    return experiment_id


def test_the_best_of_an_earlier_search_are_tried_first(service: Service) -> None:
    source = earlier(service)
    experiment_id = service.create(warm_start=[source], parallelism=1)
    assert service.read(experiment_id)["spec"]["guesses"] == [LARGER, BASELINE]
    service.settle()
    [job] = service.active()
    given = service.assignment(job)
    assert (given["configuration"], given["to_epoch"]) == (LARGER, 1)


def test_guesses_of_ones_own_come_first_and_nothing_twice(service: Service) -> None:
    source = earlier(service)
    experiment_id = service.create(warm_start=[source], guesses=[BASELINE])
    assert service.read(experiment_id)["spec"]["guesses"] == [BASELINE, LARGER]


def test_the_same_key_makes_one_experiment_though_its_source_has_changed(service: Service) -> None:
    source = earlier(service)
    body, key = spec_document(warm_start=[source]), {"Idempotency-Key": "once"}
    first = service.http.post(f"{API}/experiments", json=body, headers=key)
    service.http.delete(f"{API}/experiments/{source}")
    again = service.http.post(f"{API}/experiments", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"warm_start": ["nobody-x1y2"]}, "the id of an experiment that is there"),
        ({"objective": {"metric": "val_accuracy", "direction": "minimize"}}, "an experiment with this objective"),
    ],
)
def test_what_cannot_be_started_from_is_refused(service: Service, change: dict[str, Any], allowed: str) -> None:
    body = spec_document(**{"warm_start": [earlier(service)], **change})
    refused = service.http.post(f"{API}/experiments", json=body)
    assert refused.status_code == 422
    assert [(fault["path"], fault["allowed"]) for fault in refused.json()["faults"]] == [("warm_start[0]", allowed)]


def test_another_space_gets_the_nearest_of_its_own() -> None:
    spec = parse_spec(
        spec_document(
            parameters={
                "learning_rate": {"type": "real", "low": 1e-3, "high": 0.1, "scale": "log"},
                "batch_size": {"type": "integer", "low": 32, "high": 64, "scale": "log", "base": 2},
                "optimizer": {"type": "categorical", "choices": ["sgd", "adamw"]},
                "momentum": {"type": "real", "low": 0.0, "high": 1.0, "when": {"optimizer": ["sgd"]}},
            },
            constraints=[{"terms": {"learning_rate": 100, "batch_size": 1}, "at_most": 70}],
            baseline={"learning_rate": 0.01, "batch_size": 32, "optimizer": "adamw"},
        )
    )
    space = Space(spec.parameters, spec.constraints)
    found: list[Configuration] = [
        {"learning_rate": 1e-4, "batch_size": 256, "nesterov": True},
        {"learning_rate": 0.02, "batch_size": 32, "optimizer": "sgd", "momentum": 0.5},
        {"learning_rate": 0.09, "batch_size": 64},  # 9 + 64 > 70
    ]
    assert adapted(found, space, spec) == [
        {"learning_rate": pytest.approx(1e-3), "batch_size": 64, "optimizer": "adamw"},
        {"learning_rate": pytest.approx(0.02), "batch_size": 32, "optimizer": "sgd", "momentum": pytest.approx(0.5)},
    ]
