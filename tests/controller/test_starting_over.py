"""Promotions that start over: training that cannot go on from a checkpoint is trained again, and paid again."""

import pytest

from controller import store
from controller.history import past_of
from podium.spec import ExperimentSpec
from tests.service import API, Service

FIDELITY = {"rungs": {"small": 1, "medium": 2, "full": 4}, "resumable": False}


@pytest.fixture
def promoted(service: Service) -> tuple[str, str]:
    """Return an experiment, and the Job of a promotion from 2 epochs to 4; nothing else is in flight."""
    experiment_id = service.create(parallelism=1, budget={"cost": 9.0}, fidelity=FIDELITY)
    for _ in range(40):
        service.settle()
        [job] = service.active()
        if service.read(f"{experiment_id}/trials/{service.assignment(job)['trial']}")["reached_epoch"] == 2:
            return experiment_id, job
        service.finish(job, value=0.5 + 0.01 * service.assignment(job)["trial"])
    raise AssertionError("no trial was promoted")


def test_it_begins_at_epoch_0_with_no_checkpoint_but_its_own(service: Service, promoted: tuple[str, str]) -> None:
    _, job = promoted
    given = service.assignment(job)
    assert (given["from_epoch"], given["reported_epoch"]) == (0, 0)
    assert given["checkpoints"].endswith(f"/t{given['trial']}/e{given['to_epoch']}")
    service.report(job, 1)
    service.cluster.exit(job, 75)
    service.settle()
    [again] = service.active()
    resumed = service.assignment(again)
    assert resumed["reported_epoch"] == 1, "within a run, an attempt goes on where the one before stood"
    assert resumed["checkpoints"] == given["checkpoints"]


def test_everything_is_paid_again(service: Service, promoted: tuple[str, str]) -> None:
    experiment_id, job = promoted
    service.finish(job)
    for _ in range(80):
        service.settle()
        for each in service.active():
            service.finish(each)
    found, runs = service.read(experiment_id), service.read(f"{experiment_id}/runs?limit=1000")["items"]
    assert found["state"] == "completed"
    assert found["progress"]["promotions"] == sum(run["is_promotion"] for run in runs) > 1
    assert {run["from_epoch"] for run in runs} == {0}
    assert found["progress"]["cost_spent"] == sum(run["to_epoch"] for run in runs) / 4 <= 9.0


def test_what_a_trial_reached_before_stays_when_it_does_not_come_as_far_again(
    service: Service, promoted: tuple[str, str]
) -> None:
    experiment_id, job = promoted
    given = service.assignment(job)
    path = f"{experiment_id}/trials/{given['trial']}"
    before = service.read(path)
    service.report(job, 1, value=0.1)
    service.cluster.exit(job, 65)
    service.settle()
    after = service.read(path)
    assert after["state"] == "failed"
    assert (after["reached_epoch"], after["value"]) == (before["reached_epoch"], before["value"])
    assert after["runs"][-1]["value"] is None


def test_a_run_that_is_stopped_keeps_its_own_result(service: Service, promoted: tuple[str, str]) -> None:
    experiment_id, job = promoted
    number = service.assignment(job)["trial"]
    service.http.post(f"{API}/experiments/{experiment_id}/trials/{number}/stop").raise_for_status()
    assert service.report(job, 1, value=0.123).json()["verdict"] == "stop"
    run = service.read(f"{experiment_id}/trials/{number}")["runs"][-1]
    assert (run["end_reason"], run["reached_epoch"], run["value"]) == ("stopped", 1, 0.123)
    assert run["is_promotion"]


def test_the_optimizer_sees_of_a_run_in_flight_what_this_run_reported(
    service: Service, promoted: tuple[str, str]
) -> None:
    experiment_id, job = promoted
    service.report(job, 1, value=0.987)
    with service.sessions() as session:
        spec = ExperimentSpec.model_validate(service.read(experiment_id)["spec"])
        history = past_of(session, experiment_id, spec, service.clock()).history
    [run] = history.in_flight
    assert run.from_epochs == 0
    assert run.progress is not None
    assert (run.progress.epochs, run.progress.value) == (1, 0.987)


@pytest.mark.parametrize("given", [{}, {"resumable": True}, {"resumable": False}])
def test_a_version_that_knows_nothing_of_it_can_read_what_resumes(service: Service, given: dict[str, bool]) -> None:
    """During an upgrade both are there, and the older one refuses a key that it does not know."""
    experiment_id = service.create(fidelity={"rungs": {"full": 4}} | given)
    with service.sessions() as session:
        stored = store.experiment(session, experiment_id).spec
    assert ("resumable" in stored["fidelity"]) is (given == {"resumable": False})
