"""A budget of hours: what trains faster is preferred, and the search ends when the time is spent."""

import pytest

from controller.experiment import History, Problem, Suggestion
from controller.optimizer.suggest import suggest
from tests.builders import spec_document
from tests.service import API, Service


def test_the_search_ends_when_its_hours_are_spent(service: Service) -> None:
    """An epoch takes a second, a full training four: after five of them there is no room for a sixth."""
    experiment_id = service.create(
        fidelity={"rungs": {"full": 4}}, budget={"runs": 50, "hours": 22 / 3600}, parallelism=1
    )
    for _ in range(8):
        service.settle()
        for job in service.active():
            service.finish(job)
    found = service.read(experiment_id)
    assert (found["state"], found["progress"]["runs_started"]) == ("completed", 5)
    assert found["progress"]["training_hours"] == pytest.approx(20 / 3600)


def test_runs_in_flight_have_their_hours_pledged(service: Service) -> None:
    experiment_id = service.create(
        fidelity={"rungs": {"full": 4}}, budget={"runs": 50, "hours": 14 / 3600}, parallelism=1
    )
    service.settle()
    service.finish(service.active()[0])
    service.settle()
    service.http.patch(f"{API}/experiments/{experiment_id}", json={"parallelism": 5})
    service.report(service.active()[0], 1)
    service.settle()
    assert len(service.active()) == 2  # 5 s trained, 3 s pledged: of the 14 s a full training fits once more


def test_the_optimizer_is_told_how_long_an_epoch_took(service: Service) -> None:
    asked: list[tuple[Problem, History]] = []

    def suggest_and_note(problem: Problem, history: History) -> Suggestion | None:
        asked.append((problem, history))
        return suggest(problem, history)

    service.think = suggest_and_note
    service.create(budget={"runs": 50, "hours": 1}, parallelism=1)
    service.settle()
    service.finish(service.active()[0])
    service.settle()
    problem, history = asked[-1]
    assert problem.is_timed
    assert [seen.epoch_seconds for seen in history.observations] == [1.0]


def test_hours_alone_are_refused_since_they_might_never_end(service: Service) -> None:
    refused = service.http.post(f"{API}/experiments", json=spec_document(budget={"hours": 1}))
    assert refused.status_code == 422
    assert "where all fail at once, `hours` and `money` never end" in refused.json()["faults"][0]["allowed"]


def test_hours_can_be_given_to_a_search_that_runs(service: Service) -> None:
    experiment_id = service.create(budget={"runs": 50})
    changed = service.http.patch(f"{API}/experiments/{experiment_id}", json={"budget": {"hours": 2}})
    assert (changed.status_code, changed.json()["spec"]["budget"]["hours"]) == (200, 2.0)
