"""What a pass is spared: a question without an answer is not asked again, and logs are read side by side."""

import threading

import pytest

from controller.experiment import History, Problem, Suggestion
from controller.optimizer.learning import Learn
from controller.optimizer.suggest import suggest
from tests.service import Service


def test_what_found_nothing_to_start_is_not_thought_about_until_something_changes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[History] = []

    def suggest_and_count(problem: Problem, history: History, learn: Learn) -> Suggestion | None:
        asked.append(history)
        return suggest(problem, history, learn)

    monkeypatch.setattr("controller.next_run.suggest", suggest_and_count)
    experiment_id = service.create(parallelism=8, budget={"cost": 9.0, "runs": 2})
    service.settle()
    assert len(service.active()) == 2
    before = len(asked)

    for _ in range(5):
        service.reconciler.reconcile()
    assert len(asked) == before

    service.finish(service.active()[0])
    service.settle()
    assert len(asked) == before + 1
    service.finish(service.active()[0])
    service.settle()
    assert service.read(experiment_id)["state"] == "completed"


def test_last_words_are_read_side_by_side(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)

    def words_of(job: str) -> str:
        both.wait()
        return f"last words of {job}"

    experiment_id = service.create(parallelism=2)
    service.settle()
    jobs = service.active()
    monkeypatch.setattr(service.cluster, "log_tail", words_of)
    for job in jobs:
        service.cluster.exit(job, 65)
    service.reconciler.reconcile()
    attempts = service.read(f"{experiment_id}/attempts")["items"]
    assert {each["job"]: each["log_tail"] for each in attempts if each["job"] in jobs} == {
        job: f"last words of {job}" for job in jobs
    }
