"""What a pass is spared: a question without an answer is not asked again, and logs are read side by side."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from controller.experiment import History, Problem, Suggestion
from controller.history import past_of
from controller.optimizer.suggest import suggest
from podium.spec import ExperimentSpec
from tests.service import API, Service


def test_what_found_nothing_to_start_is_not_thought_about_until_something_changes(service: Service) -> None:
    asked: list[History] = []

    def suggest_and_count(problem: Problem, history: History) -> Suggestion | None:
        asked.append(history)
        return suggest(problem, history)

    service.think = suggest_and_count
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


@pytest.mark.parametrize("second", [{}, {"data_share": {"small": 0.25}}])
def test_a_history_carried_on_is_the_history_read_again(service: Service, second: dict[str, Any]) -> None:
    fidelity = {"rungs": {"small": 1, "medium": 2, "full": 4}, **second}
    experiment_id = service.create(parallelism=4, budget={"cost": 9.0, "runs": 40}, fidelity=fidelity)
    carried: list[History] = []
    read: list[History] = []

    def suggest_and_compare(problem: Problem, history: History) -> Suggestion | None:
        with service.sessions() as session:
            spec = ExperimentSpec.model_validate(service.read(experiment_id)["spec"])
            read.append(past_of(session, experiment_id, spec, service.clock()).history)
        carried.append(history)
        return suggest(problem, history)

    service.think = suggest_and_compare
    for round_ in range(6):
        service.settle()
        for job in service.active():
            service.finish(job, value=0.1 * round_)
    assert any(run["is_promotion"] for run in service.read(f"{experiment_id}/runs")["items"])
    assert [history.remaining_cost for history in carried] == pytest.approx([each.remaining_cost for each in read])
    assert [replace(history, remaining_cost=0.0) for history in carried] == [
        replace(history, remaining_cost=0.0) for history in read
    ]


def test_four_slots_read_the_history_once(service: Service) -> None:
    service.create(parallelism=4)
    reads: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "trials.configuration" in statement:
            reads.append(statement)

    event.listen(service.engine, "before_cursor_execute", note)
    try:
        service.settle()
    finally:
        event.remove(service.engine, "before_cursor_execute", note)
    assert len(service.active()) == 4
    assert (
        sum(statement.startswith("SELECT trials.id, trials.number, trials.configuration") for statement in reads) == 1
    )


@pytest.mark.parametrize("what", ["pause", "resume", "budget", "run"])
def test_what_changes_between_two_starts_of_one_pass_is_found(service: Service, what: str) -> None:
    experiment_id = service.create(parallelism=3)
    asked: list[History] = []

    def suggest_while_it_changes(problem: Problem, history: History) -> Suggestion | None:
        asked.append(history)
        if len(asked) == 2:
            change_meanwhile()
        return suggest(problem, history)

    def change_meanwhile() -> None:
        path = f"{API}/experiments/{experiment_id}"
        match what:
            case "pause":
                service.http.post(f"{path}/pause")
            case "budget":
                service.http.patch(path, json={"budget": {"runs": 2}})
            case "run":
                other = Service(service.engine, service.sessions, artifacts=Path("/nowhere"))
                other.reconciler.reconcile()
            case _:
                service.http.post(f"{path}/resume")

    service.think = suggest_while_it_changes
    service.settle()
    service.settle()  # the change has woken it
    started = service.read(experiment_id)["progress"]["runs_started"]
    assert started == {"pause": 1, "budget": 2, "run": 3, "resume": 3}[what]
    numbers = [run["number"] for run in service.read(f"{experiment_id}/runs")["items"]]
    assert numbers == list(range(1, started + 1))


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
