"""Kill anything at any moment: nothing is lost, nothing counts twice, the experiment completes.

CHAOS_SEED chooses the moments (`make chaos` draws a new one for each round).
"""

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.embedded import start_postgres, stop_postgres
from tests.chaos.machine import API, Machine
from tests.waiting import wait_for

SEED = int(os.environ.get("CHAOS_SEED", "7"))
KILLS = 20


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as folder:
        made = Machine(Path(folder))
        made.start()
        wait_for(made.is_ready, "the controller is ready")
        yield made
        made.close()


def test_a_controller_killed_20_times_loses_nothing_and_repeats_nothing(machine: Machine) -> None:
    moments = random.Random(SEED)
    experiment_id = machine.create(budget={"cost": 24.0})
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.0, 0.7) if moments.random() < 0.5 else moments.uniform(0.7, 2.5))
        machine.kill()
        machine.start()
    wait_for(machine.is_ready, "the controller is ready")
    assert machine.get(experiment_id)["state"] == "running", "the kills fell while it ran"
    wait_for(lambda: machine.get(experiment_id)["state"] == "completed", "it completes", 240)

    trained = Counter((entry["trial"], entry["epoch"]) for entry in machine.entries())
    assert set(trained.values()) == {1}, "workers survive the controller, so no epoch is trained twice"
    check_books(machine, experiment_id)
    attempts = machine.get(f"{experiment_id}/attempts?limit=1000")["items"]
    assert {attempt["number"] for attempt in attempts} == {1}


def test_a_killed_worker_continues_from_its_last_checkpoint_as_a_new_attempt(machine: Machine) -> None:
    moments = random.Random(SEED)
    experiment_id = machine.create(max_attempts=50)
    killed = 0
    while killed < 6 and machine.get(experiment_id)["state"] == "running":
        time.sleep(moments.uniform(0.5, 2.0))
        if workers := machine.workers():
            moments.choice(workers).send_signal(signal.SIGKILL)
            killed += 1
    assert killed == 6
    wait_for(lambda: machine.get(experiment_id)["state"] == "completed", "it completes", 240)

    trained = Counter((entry["trial"], entry["epoch"]) for entry in machine.entries())
    assert sum(trained.values()) - len(trained) <= killed, "a kill costs at most the epoch under way"
    attempts = machine.get(f"{experiment_id}/attempts?limit=1000")["items"]
    lost = [attempt for attempt in attempts if attempt["end_reason"] in ("preempted", "out of memory")]
    assert all(attempt["exit_code"] == 137 for attempt in lost)
    assert 1 <= len(lost) <= killed, "the other kills hit workers whose result was in"
    check_books(machine, experiment_id)


def test_a_database_that_is_gone_for_10_seconds_costs_nothing(machine: Machine) -> None:
    experiment_id = machine.create()
    wait_for(lambda: len(machine.entries()) >= 3, "workers train")
    stop_postgres(machine.state)
    began, seen = time.monotonic(), Counter[int]()
    while time.monotonic() - began < 10:
        seen[machine.http.get(f"{API}/{experiment_id}").status_code] += 1
        seen[machine.http.get("/readyz").status_code] += 1
        assert machine.http.get("/healthz").status_code == 200
        time.sleep(0.5)
    assert set(seen) == {503}
    start_postgres(machine.state)
    wait_for(machine.is_ready, "the controller is ready")
    wait_for(lambda: machine.get(experiment_id)["state"] == "completed", "it completes", 240)

    trained = Counter((entry["trial"], entry["epoch"]) for entry in machine.entries())
    assert set(trained.values()) == {1}
    check_books(machine, experiment_id)


def test_a_controller_asked_to_stop_finds_its_workers_again(machine: Machine) -> None:
    experiment_id = machine.create(budget={"cost": 3.0})
    wait_for(lambda: len(machine.entries()) >= 1, "a worker trains")
    assert machine.controller is not None
    machine.controller.send_signal(signal.SIGTERM)
    assert machine.controller.wait(60) == 0
    assert not machine.is_ready()
    machine.start()
    wait_for(lambda: machine.is_ready() and machine.get(experiment_id)["state"] == "completed", "it completes", 240)
    assert set(Counter((entry["trial"], entry["epoch"]) for entry in machine.entries()).values()) == {1}
    check_books(machine, experiment_id)


def check_books(machine: Machine, experiment_id: str) -> None:
    """Hold the diary of what was trained against what the controller remembers."""
    progress = machine.get(experiment_id)["progress"]
    runs = machine.get(f"{experiment_id}/runs?limit=1000")["items"]
    spec = machine.get(experiment_id)["spec"]
    trials = machine.get(f"{experiment_id}/trials?limit=1000")["items"]
    assert {run["end_reason"] for run in runs} == {"succeeded"}
    assert progress["cost_spent"] == sum(run["to_epoch"] - run["from_epoch"] for run in runs) / 4
    assert progress["cost_spent"] <= spec["budget"]["cost"]
    measured = set()
    for trial in trials:
        detail = machine.get(f"{experiment_id}/trials/{trial['number']}")
        by_epoch = {each["epoch"]: each["metrics"] for each in detail["measurements"]}
        assert sorted(by_epoch) == list(range(1, trial["reached_epoch"] + 1)), "no measurement is lost"
        for epoch, metrics in by_epoch.items():
            assert metrics["total"] == epoch * (epoch + 1) / 2, "no epoch was lost or trained twice within a lineage"
        assert trial["value"] == by_epoch[trial["reached_epoch"]]["score"]
        measured |= {(trial["number"], epoch) for epoch in by_epoch}
    assert measured == {(entry["trial"], entry["epoch"]) for entry in machine.entries()}
    wait_for(lambda: list((machine.state / "jobs").glob("*-a*")) == [], "no Job is left over")

    def have_ended() -> bool:
        attempts = machine.get(f"{experiment_id}/attempts?limit=1000")["items"]
        return all(attempt["state"] == "ended" for attempt in attempts)

    wait_for(have_ended, "all attempts ended")
