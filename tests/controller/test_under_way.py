"""How far an epoch is: shown, heard as a sign of life, answered with the verdict, and never a result."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event

from controller.experiment import History, Problem, Suggestion
from tests.service import API, BASELINE, Service


def one_run(service: Service, **changes: Any) -> tuple[str, str]:
    """Start an experiment of one run at a time; return it, and the Job of its baseline, which has 4 epochs."""
    experiment_id = service.create(**({"baseline": BASELINE, "parallelism": 1} | changes))
    service.settle()
    [job] = service.active()
    return experiment_id, job


def attempt(service: Service, experiment_id: str) -> Any:
    return service.read(f"{experiment_id}/trials/1")["runs"][-1]["attempts"][-1]


def test_it_is_shown_until_its_epoch_is_measured(service: Service) -> None:
    experiment_id, job = one_run(service)
    service.report(job, 2)
    assert service.progress(job, 3, 0.4, train_loss=1.2).json() == {"verdict": "continue"}
    told = {"epoch": 3, "share": 0.4, "metrics": {"train_loss": 1.2}, "samples_per_second": 96.0}
    assert attempt(service, experiment_id)["under_way"] == told
    shown = "attempt 1 is at epoch 3, 40% through, train_loss 1.2, 96 samples/s"
    assert service.read(f"{experiment_id}/trials/1")["explanation"] == shown
    assert service.read(f"{experiment_id}/runs")["items"][0]["explanation"] == shown
    service.report(job, 3)
    assert attempt(service, experiment_id)["under_way"] is None
    assert service.read(f"{experiment_id}/trials/1")["explanation"] == "attempt 1 continues from epoch 3"


def test_the_latest_word_counts_and_none_is_a_result(service: Service) -> None:
    experiment_id, job = one_run(service)
    before = service.read(experiment_id)["progress"]
    for share in (0.2, 0.6, 0.6):
        assert service.progress(job, 1, share, val_accuracy=0.99).status_code == 200
    assert attempt(service, experiment_id)["under_way"]["share"] == 0.6
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["reached_epoch"], trial["value"], trial["measurements"]) == (0, None, [])
    assert service.read(experiment_id)["progress"] == before


def test_the_optimizer_knows_nothing_of_it(service: Service) -> None:
    histories: list[History] = []
    think = service.think

    def noted(problem: Problem, history: History) -> Suggestion | None:
        histories.append(history)
        return think(problem, history)

    service.think = noted
    experiment_id, job = one_run(service)
    service.progress(job, 1, 0.5, val_accuracy=0.99)
    service.http.patch(f"{API}/experiments/{experiment_id}", json={"parallelism": 2})
    service.settle()
    [(history, [baseline])] = [(history, history.in_flight) for history in histories]
    assert (history.observations, baseline.progress) == ((), None)


def test_it_takes_one_statement(service: Service) -> None:
    _, job = one_run(service)
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    event.listen(service.engine, "before_cursor_execute", note)
    try:
        assert service.progress(job, 1, 0.4).status_code == 200
    finally:
        event.remove(service.engine, "before_cursor_execute", note)
    assert len(statements) == 1, statements


def test_a_superseded_attempt_gets_409_and_changes_nothing(service: Service) -> None:
    experiment_id, first = one_run(service)
    service.cluster.exit(first, 75)
    service.settle()
    [second] = service.active()
    service.progress(second, 1, 0.2)
    before = service.read(f"{experiment_id}/trials/1")
    answer = service.progress(first, 1, 0.9)
    assert (answer.status_code, answer.json()["error"]) == (409, "Superseded")
    assert service.read(f"{experiment_id}/trials/1") == before


def test_a_trial_that_is_to_stop_stops_within_its_epoch_and_keeps_its_whole_ones(service: Service) -> None:
    experiment_id, job = one_run(service)
    service.report(job, 2, value=0.6)
    service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop")
    assert service.progress(job, 3, 0.4, val_accuracy=0.1).json() == {"verdict": "stop"}
    assert service.progress(job, 3, 0.4, val_accuracy=0.1).json() == {"verdict": "stop"}, "also when it is sent again"
    assert service.report(job, 3).status_code == 409, "a worker that missed the verdict has nothing to add"
    service.cluster.exit(job, 0)
    service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], trial["reached_epoch"], trial["value"]) == ("stopped", 2, 0.6)
    [run] = trial["runs"]
    assert (run["end_reason"], len(run["attempts"]), run["attempts"][0]["state"]) == ("stopped", 1, "ended")


def test_a_trial_that_stops_within_its_first_epoch_has_no_result_and_is_no_failure(service: Service) -> None:
    experiment_id, job = one_run(service)
    service.http.post(f"{API}/experiments/{experiment_id}/trials/1/stop")
    with ThreadPoolExecutor(max_workers=5) as senders:
        answers = list(senders.map(lambda share: service.progress(job, 1, share), [0.1, 0.2, 0.3, 0.4, 0.5]))
    assert [answer.json() for answer in answers] == [{"verdict": "stop"}] * 5
    service.cluster.exit(job, 0)
    service.settle()
    trial = service.read(f"{experiment_id}/trials/1")
    assert (trial["state"], trial["value"]) == ("stopped", None)
    assert trial["explanation"] == "was stopped before it had a result"
    assert trial["runs"][0]["attempts"][0]["detail"] == "stopped by a verdict before its first epoch was over"


def test_a_stopped_experiment_stops_its_runs_and_a_paused_one_lets_them_finish(service: Service) -> None:
    experiment_id, job = one_run(service)
    service.http.post(f"{API}/experiments/{experiment_id}/pause")
    assert service.progress(job, 1, 0.4).json() == {"verdict": "continue"}
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    assert service.progress(job, 1, 0.5).json() == {"verdict": "stop"}


def test_an_epoch_that_moves_is_not_given_up_as_silent_however_long_it_is(service: Service) -> None:
    experiment_id, job = one_run(service, trial={"command": ["true"], "silenceSeconds": 60})
    service.cluster.shows(job, started_at=service.clock.now)
    for share in (0.1, 0.2, 0.3):
        service.clock.advance(50)
        service.progress(job, 1, share)
        service.settle()
        assert service.active() == [job]
    service.clock.advance(61)
    service.settle()
    assert (
        "ran without a report for 60 s" in service.read(f"{experiment_id}/trials/1")["runs"][0]["attempts"][0]["detail"]
    )


@pytest.mark.parametrize(
    "changes",
    [{"epoch": 0}, {"share": 1.1}, {"share": -0.1}, {"metrics": {"": 1.0}}, {"samples_per_second": -1}, {"more": 1}],
    ids=str,
)
def test_what_makes_no_sense_is_422(service: Service, changes: Any) -> None:
    experiment_id, job = one_run(service)
    body = {"epoch": 1, "share": 0.5, "metrics": {}} | changes
    answer = service.http.post(f"{API}/run/progress", headers=service.token(job), json=body)
    assert answer.status_code == 422
    assert attempt(service, experiment_id)["under_way"] is None


def test_without_a_run_token_nothing_is_noted(service: Service) -> None:
    one_run(service)
    assert service.http.post(f"{API}/run/progress", json={"epoch": 1, "share": 0.5}).status_code == 401


def test_the_interval_is_told_only_where_the_experiment_gives_one(service: Service) -> None:
    """An older `podium` in the user's own image would refuse an assignment with a field that it does not know."""
    _, job = one_run(service)
    assert "progress_seconds" not in service.assignment(job)
    experiment_id = service.create(parallelism=1, trial={"command": ["true"], "progressSeconds": 5})
    service.settle()
    [job] = [each for each in service.active() if each.startswith(experiment_id)]
    assert service.assignment(job)["progress_seconds"] == 5
