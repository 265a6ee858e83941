"""What pages say in words and figures."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.dashboard import words
from controller.dashboard.confusion import confusion_of
from controller.dashboard.curves import curves_of
from controller.dashboard.verbs import change_of
from controller.errors import InvalidRequest
from podium.results import Cell, ClassResult
from podium.wire import Experiment, ExperimentChange, Measurement, TrialDetail
from tests.results import a_summary
from tests.service import BASELINE, Service


@pytest.fixture
def running(service: Service) -> str:
    experiment_id = service.create(baseline=BASELINE)
    service.settle()
    return experiment_id


def said(service: Service, experiment_id: str) -> str:
    return words.status(Experiment.model_validate(service.read(experiment_id)), service.clock())


def test_the_status_is_a_sentence_at_every_turn(service: Service, running: str) -> None:
    assert said(service, running) == "Running for 0 s: 2 runs in flight."
    service.clock.advance(60)
    for job in service.active():
        service.finish(job, 0.5 if "-t1-" in job else 0.9)
    service.settle()
    told = said(service, running)
    assert told.startswith("Running for 1 min: 2 runs in flight")
    assert "Best val_accuracy so far: 0.5, of trial 1, as good as the baseline" in told
    assert "to go at this pace." in told
    service.clock.advance(2)
    assert said(service, running).startswith("Running for 1 min: 2 runs"), "a page does not change at every look"
    service.http.post(f"/api/v1/experiments/{running}/pause")
    assert said(service, running).startswith("Paused by a user; runs in flight finish")
    service.http.post(f"/api/v1/experiments/{running}/stop")
    assert said(service, running).startswith("Stopped after 1 min 02 s by a user; its results stay. Best")


def test_a_budget_is_spent_by_its_nearest_limit(service: Service) -> None:
    experiment_id = service.create(budget={"cost": 100.0, "runs": 4})
    service.settle()
    assert words.share(Experiment.model_validate(service.read(experiment_id))) == 0.5


def test_curves_are_drawn_by_metric_and_attempt(service: Service, running: str) -> None:
    job = f"{running}-t1-e4-a1"
    service.report(job, 1, 0.1, loss=2.0)
    service.report(job, 2, 0.2, loss=1.0)
    service.cluster.exit(job, 75)
    service.settle()
    service.clock.advance(600)
    service.settle()
    service.report(f"{running}-t1-e4-a2", 3, 0.3)
    trial = TrialDetail.model_validate(service.read(f"{running}/trials/1"))
    curves = curves_of(trial, "val_accuracy")
    assert list(curves) == ["val_accuracy", "loss"]
    lines = curves["val_accuracy"]["data"]
    assert [(line["x"], line["y"]) for line in lines] == [([1, 2], [0.1, 0.2]), ([3], [0.3])]
    assert curves["loss"]["data"][0]["y"] == [2.0, 1.0]
    assert curves_of(trial.model_copy(update={"measurements": []}), "val_accuracy") == {}


def test_a_confusion_matrix_shows_shares_of_each_label() -> None:
    [heat] = confusion_of(a_summary())["data"]
    assert heat["z"] == [[0.8, 0.2, 0.0], [0.1, 0.9, 0.0], [0.0, 0.0, 0.0]]
    assert heat["customdata"] == [[8, 2, 0], [1, 9, 0], [0, 0, 0]]


def labels(*names: str) -> list[ClassResult]:
    return [ClassResult(name=name, images=0, correct=0, predicted=0, accuracy=None, f1=None) for name in names]


def test_of_many_labels_those_with_the_most_errors_are_drawn() -> None:
    cells = [Cell(n, n, 7) for n in range(10_000)] + [Cell(9_000, 9_001, 3)]
    cells += [Cell(n, n + 1, 2) for n in range(100, 300, 2)]  # more than there is room for
    summary = a_summary(classes=labels(*map(str, range(10_000))), confusion_matrix=cells)
    figure = confusion_of(summary)
    [heat], axis = figure["data"], figure["layout"]["xaxis"]
    assert axis["ticktext"][-2:] == ["9000", "9001"]
    assert axis["ticktext"][:2] == ["100", "101"]
    assert axis["title"]["text"] == "taken for, of the 100 labels of 10000 with the most errors"
    assert len(heat["z"]) == len(heat["z"][0]) == 100
    assert heat["z"][-2][-2:] == [0.7, 0.3]


def test_labels_that_look_the_same_and_cells_of_none_do_no_harm() -> None:
    long = "x" * 200
    cells = [Cell(0, 1, 1), Cell(1, 1, 1), Cell(0, 2, 5), Cell(-1, 0, 5)]
    figure = confusion_of(a_summary(classes=labels(f"{long}1", f"{long}2"), confusion_matrix=cells))
    assert (figure["data"][0]["x"], figure["data"][0]["z"]) == ([0, 1], [[0.0, 1.0], [0.0, 1.0]])


def test_a_long_curve_is_thinned_between_its_ends(service: Service, running: str) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    trial = TrialDetail.model_validate(service.read(f"{running}/trials/1"))
    measured = [
        Measurement(epoch=epoch, metrics={"loss": 1.0}, seconds=1, samples_per_second=None, attempt="a", created_at=at)
        for epoch in range(1, 20_001)
    ]
    [line] = curves_of(trial.model_copy(update={"measurements": measured}), "loss")["loss"]["data"]
    assert (len(line["x"]), line["x"][0], line["x"][-1]) == (500, 1, 20_000)


SHOWN = {"was_cost": "4.0", "was_runs": "", "was_hours": "", "was_money": "", "was_parallelism": "2"}


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"cost": "4.0", "runs": "", "parallelism": "2"}, None),
        ({"cost": "6"}, {"budget": {"cost": 6.0}}),
        ({"cost": "", "runs": " 30 "}, {"budget": {"runs": 30}}),
        ({"cost": "4.0", "parallelism": "8"}, {"parallelism": 8}),
    ],
)
def test_only_what_was_typed_is_changed(typed: dict[str, str], wanted: Any) -> None:
    expected = None if wanted is None else ExperimentChange.model_validate(wanted)
    assert change_of(SHOWN | typed) == expected


@pytest.mark.parametrize(
    "typed", [{"cost": "much"}, {"cost": "nan"}, {"runs": "2.5"}, {"parallelism": "0"}, {"money": "-1"}]
)
def test_what_makes_no_sense_is_refused_with_its_path(typed: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        change_of(SHOWN | typed)
    assert [fault.path.split(".")[-1] for fault in refused.value.faults] == list(typed)
