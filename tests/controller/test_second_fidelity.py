"""Two fidelities at once: rungs that see less of the data, or smaller images, and what they cost."""

from typing import Any

import numpy as np
import pytest

from controller import store
from controller.experiment import History, Observation, problem_of
from controller.history import past_of
from controller.optimizer.rows import timed_of
from controller.space import Space
from podium.faults import parse_spec
from podium.spec import ExperimentSpec
from tests.builders import spec_document
from tests.service import API, Service

FIDELITY: dict[str, Any] = {
    "rungs": {"small": 2, "medium": 4, "large": 6, "full": 8},
    "data_share": {"small": 0.25, "medium": 0.5},
}
TRAINING = {"dataset": "digits", "image_size": 64}


def run_until(service: Service, experiment_id: str, to_epoch: int) -> tuple[str, dict[str, Any]]:
    """Let runs end until one to this length is in flight; return its Job and its assignment."""
    for _ in range(200):
        service.settle()
        for job in service.active():
            if (given := service.assignment(job))["to_epoch"] == to_epoch:
                return job, given
            service.finish(job, value=0.5 + 0.01 * given["trial"])
    raise AssertionError(f"no run to epoch {to_epoch} was started")


def test_a_rung_tells_its_worker_what_to_see(service: Service) -> None:
    experiment_id = service.create(fidelity=FIDELITY, parallelism=1, budget={"cost": 20.0})
    _, small = run_until(service, experiment_id, 2)
    assert (small["from_epoch"], small["data_share"], small["image_size"]) == (0, 0.25, None)
    _, medium = run_until(service, experiment_id, 4)
    assert (medium["from_epoch"], medium["data_share"]) == (0, 0.5)


def test_a_promotion_to_more_data_starts_over_and_one_to_more_epochs_goes_on(service: Service) -> None:
    experiment_id = service.create(fidelity=FIDELITY, parallelism=1, budget={"cost": 20.0})
    _, large = run_until(service, experiment_id, 6)
    assert large["from_epoch"] == 0
    assert large["checkpoints"].endswith(f"/t{large['trial']}/e6")
    _, full = run_until(service, experiment_id, 8)
    assert full["from_epoch"] == 6
    assert full["checkpoints"].endswith(f"/t{full['trial']}/e6"), "where the run to 6 epochs left its checkpoint"
    assert "data_share" not in full, "a worker of an older version knows nothing of it, and need not"


def test_an_epoch_costs_what_it_sees(service: Service) -> None:
    experiment_id = service.create(fidelity=FIDELITY, parallelism=1, budget={"cost": 6.0})
    for _ in range(200):
        service.settle()
        for job in service.active():
            service.finish(job)
    found, runs = service.read(experiment_id), service.read(f"{experiment_id}/runs?limit=1000")["items"]
    assert found["state"] == "completed"
    prices = {2: 4 / 13, 4: 7 / 13, 6: 1.0, 8: 1.0}  # a quarter and half of the data, and all of the validation
    paid = sum((run["to_epoch"] - run["from_epoch"]) * prices[run["to_epoch"]] for run in runs) / 8
    assert found["progress"]["cost_spent"] == pytest.approx(paid)
    assert 5.0 < paid <= 6.0
    assert {run["to_epoch"] for run in runs} == {2, 4, 6, 8}


def test_half_the_side_is_a_quarter_of_the_pixels(service: Service) -> None:
    experiment_id = service.create(
        fidelity={"rungs": {"small": 2, "full": 4}, "image_size": {"small": 32, "full": 64}},
        trial=None,
        training=TRAINING,
        parallelism=1,
    )
    job, given = run_until(service, experiment_id, 2)
    assert given["image_size"] == 32
    assert service.read(experiment_id)["progress"]["cost_spent"] == 2 / 4 * 0.25
    service.report(job, 1, value=0.5)
    with service.sessions() as session:
        slowest = store.experiment(session, experiment_id).slowest_epoch_seconds
    assert slowest == 4 * service.read(f"{experiment_id}/trials/1")["measurements"][0]["seconds"]


def test_what_a_full_run_reports_early_is_taken_for_no_short_one(service: Service) -> None:
    """Its second epoch has seen all of the data, and the rung of two epochs a quarter."""
    experiment_id = service.create(fidelity=FIDELITY, parallelism=1, budget={"cost": 20.0})
    job, given = run_until(service, experiment_id, 6)
    service.report(job, 1, value=0.1)
    service.http.post(f"{API}/experiments/{experiment_id}/trials/{given['trial']}/stop").raise_for_status()
    assert service.report(job, 2, value=0.1).json()["verdict"] == "stop"
    with service.sessions() as session:
        spec = ExperimentSpec.model_validate(service.read(experiment_id)["spec"])
        history = past_of(session, experiment_id, spec, service.clock()).history
    seen = [each.epochs for each in history.observations if each.trial == given["trial"]]
    assert seen == [2, 4]
    assert given["trial"] in history.retired


def test_a_budget_of_hours_does_not_end_before_a_full_training_was_timed(service: Service) -> None:
    """An epoch that sees a twentieth takes half as long here as a full one, not a twentieth."""
    experiment_id = service.create(
        fidelity={"rungs": {"small": 2, "full": 18}, "data_share": {"small": 0.05}},
        budget={"runs": 500, "hours": 4},
        parallelism=1,
    )
    for _ in range(40):
        service.settle()
        for job in service.active():
            given = service.assignment(job)
            seconds = 300.0 if given["to_epoch"] == 2 else 600.0
            for epoch in range(given["from_epoch"] + 1, given["to_epoch"] + 1):
                body = {"epoch": epoch, "metrics": {"val_accuracy": 0.5}, "seconds": seconds}
                service.http.post(f"{API}/run/measurements", headers=service.token(job), json=body).raise_for_status()
            service.cluster.exit(job, 0)
    found = service.read(experiment_id)
    assert found["state"] == "completed"
    assert found["progress"]["best_value"] is not None, "a full training was among them"
    assert 3 < found["progress"]["training_hours"] < 7


def test_trials_of_a_cheap_rung_are_not_taken_for_slow_ones() -> None:
    """Each rung's times are compared among themselves."""
    spec = parse_spec(spec_document(fidelity=FIDELITY, budget={"runs": 50, "hours": 9}))
    problem = problem_of(spec)
    space = Space(problem.parameters)
    configurations = space.decode(np.random.default_rng(0).random((6, space.dimensions)))
    seen = [
        Observation(trial=trial, configuration=each, epochs=epochs, value=0.5, epoch_seconds=seconds)
        for trial, (each, epochs, seconds) in enumerate(
            zip(configurations, (2, 2, 2, 8, 8, 8), (40.0, 50.0, 60.0, 80.0, 100.0, 120.0), strict=True)
        )
    ]
    rows = timed_of(problem, History(observations=tuple(seen)), space)
    assert rows.losses == pytest.approx(np.log([0.8, 1.0, 1.2, 0.8, 1.0, 1.2]))
