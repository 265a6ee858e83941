"""Runs that are asked for, over HTTP, on a real database: what becomes of each way to end one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from controller.database import transaction
from controller.leases import taking
from podium.asked import Ask
from podium.snapshot import is_at_rest
from podium.wire import Experiment, Run
from tests.builders import spec_document
from tests.service import API, Service

EXTERNAL = {"trial": {"external": True}, "baseline": None, "parallelism": 2}


def ask(service: Service, experiment: str, **wish: Any) -> Any:
    answer = service.http.post(f"{API}/experiments/{experiment}/suggestions", json=wish)
    assert answer.status_code == 200, answer.text
    return answer.json()


def run(service: Service, suggestion: Any, verb: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {suggestion['token']}"}
    return service.http.request(verb, f"{API}/run{path}", headers=headers, json=body or None)


def tell(service: Service, suggestion: Any, value: float = 0.5) -> None:
    """Report every epoch of a run."""
    for epoch in range(suggestion["from_epoch"] + 1, suggestion["to_epoch"] + 1):
        body = {"epoch": epoch, "metrics": {"val_accuracy": value}, "seconds": 1.0}
        answer = run(service, suggestion, "POST", "/measurements", **body)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def experiment(service: Service) -> str:
    found = service.create(**EXTERNAL)
    service.settle()
    return found


def test_nothing_is_started_and_what_is_asked_for_can_be_trained(service: Service, experiment: str) -> None:
    assert service.cluster.requests == {}
    suggestion = ask(service, experiment, holder="slurm-7")["suggestion"]
    assert set(suggestion["configuration"]) == {"learning_rate", "batch_size", "nesterov"}
    assigned = run(service, suggestion, "GET", "").json()
    assert assigned["configuration"] == suggestion["configuration"]
    assert assigned["to_epoch"] == suggestion["to_epoch"]
    tell(service, suggestion, 0.7)
    service.settle()
    trial = service.read(f"{experiment}/trials/{suggestion['trial']}")
    assert trial["value"] == 0.7
    assert trial["runs"][0]["end_reason"] == "succeeded"
    assert trial["runs"][0]["attempts"][0]["state"] == "ended", "no Job is waited for"


def test_a_search_is_asked_and_told_to_its_end(service: Service) -> None:
    experiment = service.create(**EXTERNAL | {"budget": {"cost": 2.0}})
    told = 0
    for _ in range(100):
        service.settle()
        asked = ask(service, experiment)
        if asked["state"] == "completed":
            break
        tell(service, asked["suggestion"], 0.1 * told)
        told += 1
    assert asked["suggestion"] is None
    assert asked["message"].startswith("completed")
    assert len(service.read(f"{experiment}/runs")["items"]) == told > 2


def test_no_run_is_given_to_two_and_none_beyond_the_parallelism(service: Service, experiment: str) -> None:
    first, second, third = (ask(service, experiment) for _ in range(3))
    assert first["suggestion"]["job"] != second["suggestion"]["job"]
    assert third["suggestion"] is None
    assert "2 at a time" in third["message"]
    assert third["state"] == "running"


def test_a_lease_that_runs_out_is_given_to_somebody_else_and_its_holder_is_fenced_off(
    service: Service, experiment: str
) -> None:
    lost = ask(service, experiment, lease_seconds=60, holder="gone")["suggestion"]
    service.settle()
    service.clock.advance(61)
    service.settle()
    again = [ask(service, experiment)["suggestion"] for _ in range(2)]
    [taken] = [each for each in again if each["run"] == lost["run"]]
    assert (taken["attempt"], taken["configuration"]) == (2, lost["configuration"])
    assert (
        run(service, lost, "POST", "/measurements", epoch=1, metrics={"val_accuracy": 1.0}, seconds=1).status_code
        == 409
    )
    tell(service, taken, 0.4)
    service.settle()
    trial = service.read(f"{experiment}/trials/{lost['trial']}")
    assert trial["value"] == 0.4
    assert "nothing was reported by gone for 60 s" in trial["runs"][0]["attempts"][0]["detail"]
    assert trial["runs"][0]["attempts"][0]["end_reason"] == "preempted"


def test_a_part_of_an_epoch_prolongs_a_lease(service: Service, experiment: str) -> None:
    held = ask(service, experiment, lease_seconds=60)["suggestion"]
    for _ in range(3):
        service.clock.advance(50)
        service.settle()
        assert run(service, held, "POST", "/progress", epoch=1, share=0.5).status_code == 200
    tell(service, held)
    service.settle()
    assert service.read(f"{experiment}/trials/{held['trial']}")["runs"][0]["end_reason"] == "succeeded"


@pytest.mark.parametrize(
    ("reason", "run_ends", "attempts"),
    [
        ("infeasible", "infeasible", 1),
        ("out of accelerator memory", "out of accelerator memory", 1),
        ("preempted", None, 2),
        ("bug", None, 2),
    ],
)
def test_a_run_that_is_given_up_ends_as_a_jobs_would(
    service: Service, experiment: str, reason: str, run_ends: str | None, attempts: int
) -> None:
    held = ask(service, experiment)["suggestion"]
    assert run(service, held, "POST", "/end", reason=reason, detail="ValueError: no\0thing").status_code == 204
    service.settle()
    [found] = service.read(f"{experiment}/trials/{held['trial']}")["runs"]
    assert found["end_reason"] == run_ends
    assert len(found["attempts"]) == attempts
    assert found["attempts"][0]["end_reason"] == reason
    assert found["attempts"][0]["log_tail"] == "ValueError: no\ufffdthing"
    assert run(service, held, "POST", "/end", reason=reason).status_code == 409


def test_what_is_paused_offers_nothing_and_what_is_resumed_does(service: Service, experiment: str) -> None:
    service.http.post(f"{API}/experiments/{experiment}/pause")
    paused = ask(service, experiment)
    assert paused["suggestion"] is None
    assert (paused["state"], paused["message"][:16]) == ("paused", "paused by a user")
    service.http.post(f"{API}/experiments/{experiment}/resume")
    assert ask(service, experiment)["suggestion"] is not None


def test_what_nobody_took_before_a_pause_is_not_in_flight_and_what_was_taken_is(
    service: Service, experiment: str
) -> None:
    held = ask(service, experiment)["suggestion"]
    service.http.post(f"{API}/experiments/{experiment}/pause")
    service.settle()
    states = {each["job"]: each["state"] for each in service.read(f"{experiment}/attempts")["items"]}
    assert states.pop(held["job"]) == "running"
    [(untaken, state)] = states.items()
    assert state == "pending"
    tell(service, held)
    service.settle()
    record = Experiment.model_validate(service.read(experiment))
    assert is_at_rest(record, [Run.model_validate(each) for each in service.read(f"{experiment}/runs")["items"]])
    service.http.post(f"{API}/experiments/{experiment}/resume")
    service.settle()
    assert ask(service, experiment)["suggestion"]["job"] == untaken


def test_what_is_taken_while_it_is_taken_back_stays_taken(service: Service, experiment: str) -> None:
    with ThreadPoolExecutor() as aside, transaction(service.sessions) as session:
        asked = taking.ask(session, experiment, Ask(), service.signer, service.clock())
        assert asked.suggestion is not None
        taken_back = aside.submit(withdraw, service, asked.suggestion.job)
        with pytest.raises(TimeoutError):  # it waits for who asks
            taken_back.result(0.3)
        session.commit()
        taken_back.result(30)
    attempts = service.read(f"{experiment}/attempts")["items"]
    assert {each["job"]: each["state"] for each in attempts}[asked.suggestion.job] == "running"
    service.settle()
    tell(service, asked.suggestion.model_dump(mode="json"))


def withdraw(service: Service, job: str) -> None:
    with transaction(service.sessions) as session:
        taking.take_back(session, job)


def test_stopping_takes_everything_back(service: Service, experiment: str) -> None:
    held = ask(service, experiment)["suggestion"]
    service.http.post(f"{API}/experiments/{experiment}/stop")
    service.settle()
    assert {each["state"] for each in service.read(f"{experiment}/attempts")["items"]} == {"ended"}
    report = run(service, held, "POST", "/measurements", epoch=1, metrics={"val_accuracy": 1.0}, seconds=1)
    assert report.status_code == 409
    assert service.http.delete(f"{API}/experiments/{experiment}").status_code == 204


def test_a_trial_that_is_stopped_before_anybody_took_it_ends_at_once(service: Service, experiment: str) -> None:
    service.http.post(f"{API}/experiments/{experiment}/trials/1/stop")
    service.settle()
    assert service.read(f"{experiment}/trials/1")["state"] == "stopped"


def test_a_controller_that_is_killed_between_offering_and_noting_offers_nothing_twice(
    service: Service, experiment: str
) -> None:
    with service.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE attempts SET state = 'pending'")
    service.settle()
    taken = [ask(service, experiment)["suggestion"] for _ in range(3)]
    assert [each is not None for each in taken] == [True, True, False]


def test_asking_waits_for_a_run_as_long_as_it_is_told_to(service: Service, experiment: str) -> None:
    for _ in range(2):
        ask(service, experiment)
    assert ask(service, experiment, wait_seconds=0.3)["suggestion"] is None


def test_an_experiment_of_podiums_own_gives_nothing_away(service: Service) -> None:
    experiment = service.create()
    service.settle()
    answer = service.http.post(f"{API}/experiments/{experiment}/suggestions")
    assert (answer.status_code, answer.json()["error"]) == (409, "NotExternal")
    [job, *_] = service.active()
    ended = service.http.post(f"{API}/run/end", headers=service.token(job), json={"reason": "bug"})
    assert (ended.status_code, ended.json()["error"]) == (409, "NotExternal")


def test_a_command_beside_external_is_a_fault_and_a_training_section_is_none(service: Service) -> None:
    wrong = spec_document(trial={"external": True, "command": ["true"]})
    answer = service.http.post(f"{API}/experiments", json=wrong)
    assert [fault["path"] for fault in answer.json()["faults"]] == ["trial.command"]
    trained = service.create(**EXTERNAL | {"training": {"dataset": "digits", "model": "resnet18", "image_size": 32}})
    service.settle()
    suggestion = ask(service, trained)["suggestion"]
    assert run(service, suggestion, "GET", "").json()["training"]["dataset"] == "digits"
