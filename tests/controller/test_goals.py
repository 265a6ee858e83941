"""Thresholds, several objectives, an end when little is to be gained, and what the optimizer is told of all that."""

from dataclasses import replace
from typing import Any

import pytest

from controller.ending import is_worth_it, why_over
from controller.experiment import Goal, History, Problem, Suggestion
from controller.front import on_the_front
from controller.optimizer.rows import rows_of
from controller.optimizer.suggest import suggest
from controller.space import Space
from podium.spec import StopWhen
from tests.service import API, BASELINE, Service
from worker.spread import with_standard_errors

FULL = {"rungs": {"full": 2}}


def results(service: Service, **sections: Any) -> tuple[str, list[dict[str, Any]]]:
    """Train three trials in full, better and larger from one to the next; return the experiment and its trials."""
    experiment_id = service.create(
        fidelity=FULL, budget={"runs": 3}, parallelism=1, baseline=BASELINE, checkpoints="last", **sections
    )
    for value, size in ((0.7, 10.0), (0.8, 20.0), (0.9, 30.0)):
        service.settle()
        [job] = service.active()
        service.finish(job, value, size=size)
    service.settle()
    return experiment_id, service.read(f"{experiment_id}/trials")["items"]


def test_the_best_keeps_to_the_thresholds(service: Service) -> None:
    experiment_id, trials = results(service, thresholds=[{"metric": "size", "at_most": 25}])
    assert [trial["meets_thresholds"] for trial in trials] == [True, True, False]
    assert service.read(f"{experiment_id}/best")["number"] == 2
    progress = service.read(experiment_id)["progress"]
    assert (progress["best_trial"], progress["best_value"]) == (2, 0.8)


def test_where_no_trial_keeps_to_the_thresholds_none_is_best(service: Service) -> None:
    experiment_id, trials = results(service, thresholds=[{"metric": "size", "at_most": 5}])
    assert not any(trial["meets_thresholds"] for trial in trials)
    refused = service.http.get(f"{API}/experiments/{experiment_id}/best")
    assert refused.status_code == 404
    assert "kept to the thresholds" in refused.json()["detail"]
    assert service.read(experiment_id)["progress"]["best_trial"] is None


@pytest.mark.parametrize(
    "asked",
    [
        {"thresholds": [{"metric": "latency", "at_most": 25}]},
        {"other_objectives": [{"metric": "latency", "direction": "minimize"}]},
    ],
)
def test_a_metric_that_is_asked_for_is_due_with_a_runs_last_epoch(service: Service, asked: dict[str, Any]) -> None:
    experiment_id = service.create(fidelity=FULL, budget={"runs": 3}, parallelism=1, **asked)
    service.settle()
    [job] = service.active()
    assert service.report(job, 1).status_code == 200
    refused = service.report(job, 2)
    assert (refused.status_code, refused.json()["error"]) == (422, "MetricMissing")
    assert "epoch 2 lacks latency" in refused.json()["detail"]
    assert [each["epoch"] for each in service.read(f"{experiment_id}/trials/1")["measurements"]] == [1]
    assert service.report(job, 2, latency=9.0).status_code == 200
    assert service.read(f"{experiment_id}/trials/1")["metrics"]["latency"] == 9.0


def test_the_front_is_what_none_beats_in_everything(service: Service) -> None:
    smaller = [{"metric": "size", "direction": "minimize"}]
    experiment_id, _ = results(service, other_objectives=smaller)
    front = service.read(f"{experiment_id}/front")["trials"]
    assert [(trial["number"], trial["metrics"]) for trial in front] == [
        (3, {"val_accuracy": 0.9, "size": 30.0}),
        (2, {"val_accuracy": 0.8, "size": 20.0}),
        (1, {"val_accuracy": 0.7, "size": 10.0}),
    ]
    larger = [{"metric": "size", "direction": "maximize"}]
    experiment_id, _ = results(service, other_objectives=larger)
    assert [trial["number"] for trial in service.read(f"{experiment_id}/front")["trials"]] == [3]


def test_before_the_first_full_training_the_front_is_empty(service: Service) -> None:
    assert service.read(f"{service.create()}/front") == {"trials": []}


def test_equals_and_gaps_on_a_front() -> None:
    goals = (Goal(metric="a", maximize=True), Goal(metric="b", maximize=False))
    points = [{"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}, {"a": 2.0}, None, {"a": 0.5, "b": 0.5}, {"a": 0.4, "b": 0.9}]
    assert on_the_front(points, goals) == [0, 4]


def test_the_optimizer_is_told_all_metrics_and_the_standard_error(service: Service) -> None:
    asked: list[tuple[Problem, History]] = []

    def suggest_and_note(problem: Problem, history: History) -> Suggestion | None:
        asked.append((problem, history))
        return suggest(problem, history)

    service.think = suggest_and_note
    service.create(
        fidelity=FULL,
        parallelism=1,
        thresholds=[{"metric": "size", "at_least": 5}],
        other_objectives=[{"metric": "size", "direction": "minimize"}],
    )
    service.settle()
    service.finish(service.active()[0], 0.7, size=10.0, val_accuracy_stderr=0.02)
    service.settle()
    problem, history = asked[-1]
    assert problem.other_goals == (Goal(metric="size", maximize=False),)
    assert (problem.bounds[0].limit, problem.bounds[0].is_upper) == (5.0, False)
    [seen] = history.observations
    assert (seen.value, seen.stderr, seen.metrics["size"]) == (0.7, 0.02, 10.0)


def test_the_spread_over_folds_reaches_the_optimizer_as_noise(service: Service) -> None:
    asked: list[tuple[Problem, History]] = []

    def suggest_and_note(problem: Problem, history: History) -> Suggestion | None:
        asked.append((problem, history))
        return suggest(problem, history)

    service.think = suggest_and_note
    service.create(
        trial=None,
        training={"dataset": "digits", "folds": 3},
        fidelity=FULL,
        parallelism=1,
        thresholds=[{"metric": "val_accuracy_stderr", "at_most": 0.1}],
    )
    service.settle()
    [job] = service.active()
    assert service.assignment(job)["training"]["folds"] == 3
    reported = with_standard_errors([{"val_accuracy": value} for value in (0.7, 0.8, 0.9)])
    service.finish(job, reported.pop("val_accuracy"), **reported)
    service.settle()
    problem, history = asked[-1]
    [seen] = history.observations
    assert seen.value == pytest.approx(0.8)
    assert seen.stderr == pytest.approx(0.1 / 3**0.5)
    assert rows_of(problem, history, Space(problem.parameters), 0).stderr.tolist() == [seen.stderr]


def test_the_optimizer_is_told_what_runs_report_on_their_way(service: Service) -> None:
    histories: list[History] = []

    def suggest_and_note(problem: Problem, history: History) -> Suggestion | None:
        histories.append(history)
        return suggest(problem, history)

    service.think = suggest_and_note
    service.create(fidelity={"rungs": {"full": 4}}, parallelism=3)
    service.settle()
    first, _, third = service.active()
    for epoch, value in ((1, 0.3), (2, 0.4)):
        service.report(first, epoch, value, val_accuracy_stderr=0.05)
    service.finish(third, 0.7)
    service.settle()
    told = {run.trial: run.progress for run in histories[-1].in_flight}
    trial = service.assignment(first)["trial"]
    progress = told.pop(trial)
    assert progress is not None
    assert (progress.epochs, progress.value, progress.stderr) == (2, 0.4, 0.05)
    assert list(told.values()) == [None]


def test_a_search_ends_when_little_is_to_be_gained(service: Service) -> None:
    gains = iter([None, 0.02, 0.004, 0.004])

    def suggest_with_gain(problem: Problem, history: History) -> Suggestion | None:
        found = suggest(problem, history)
        return None if found is None else replace(found, expected_gain=next(gains))

    service.think = suggest_with_gain
    experiment_id = service.create(
        fidelity=FULL, budget={"runs": 50}, parallelism=2, stop_when={"expected_gain": 0.005}
    )
    service.settle()
    first, second = service.active()
    found = service.read(experiment_id)
    assert found["progress"]["expected_gain"] == 0.02
    assert "one more full training is expected to gain 0.02" in found["message"]
    service.finish(first, 0.7)
    service.settle()
    assert service.active() == [second], "what is in flight may change what is expected"
    assert service.read(experiment_id)["state"] == "running"
    service.finish(second, 0.8)
    service.settle()
    found = service.read(experiment_id)
    assert found["state"] == "completed"
    assert found["message"].startswith("completed: one more full training is expected to gain 0.004, less than")
    assert found["progress"]["expected_gain"] == 0.004


def test_without_a_word_on_the_gain_the_search_goes_on() -> None:
    said = Suggestion(trial=None, configuration={}, from_epochs=0, to_epochs=1, source="model", expected_gain=0.1)
    assert is_worth_it(said, None)
    assert is_worth_it(said, StopWhen(expected_gain=0.1))
    assert not is_worth_it(said, StopWhen(expected_gain=0.11))
    assert is_worth_it(replace(said, expected_gain=None), StopWhen(expected_gain=0.11))
    assert why_over(History(remaining_cost=0.5), None).endswith("no further run")
    assert why_over(History(), None).endswith("every configuration has been tried")
