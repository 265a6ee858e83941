"""`podium.ask`, from a process of its own, against a real controller whose optimizer thinks for itself."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest

from controller.api.suggestions import BETWEEN_LOOKS_SECONDS
from podium.asked import Ask, Asked, GivenUp, GiveUp
from podium.asking import AskedTrial, trials
from podium.client import PodiumClient
from podium.exchange import Named
from podium.leaving import Preempted, Superseded
from podium.preemption import Preemption
from podium.refusal import ServerUnreachable, TooManyRequests
from podium.run_client import RunClient
from podium.wire import Problem
from tests.cli.served import serving
from tests.service import API, Service
from tests.waiting import wait_for

EXTERNAL = {"trial": {"external": True}, "baseline": None}


@pytest.fixture
def client(service: Service) -> Iterator[PodiumClient]:
    """A client of the application, whose reconciler makes its passes meanwhile."""
    stopping = threading.Event()

    def reconcile() -> None:
        while not stopping.wait(0.02):
            service.settle()

    passes = threading.Thread(target=reconcile)
    with serving(service.app) as url, PodiumClient(url) as connected:
        passes.start()
        try:
            yield connected
        finally:
            stopping.set()
            passes.join()


def train(trial: AskedTrial) -> None:
    for epoch in trial.epochs():
        trial.report(epoch=epoch, val_accuracy=1.0 - float(trial.parameters["learning_rate"]))


def test_a_search_trained_by_who_asks_ends_by_its_budget(service: Service, client: PodiumClient) -> None:
    experiment = service.create(**EXTERNAL | {"budget": {"cost": 3.0}, "parallelism": 2})
    trained = []
    for trial in trials(client, "tiny", holder="a test"):
        assert repr(trial).startswith(f"<AskedTrial {trial.number}, to epoch ")
        with trial:
            train(trial)
            trained.append(trial.number)
    found = client.experiment(experiment)
    assert found.state == "completed"
    assert found.progress.runs_ended == len(trained)
    assert found.progress.best_value is not None


def test_two_threads_share_a_search_without_meeting(service: Service, client: PodiumClient) -> None:
    experiment = service.create(**EXTERNAL | {"budget": {"cost": 3.0}, "parallelism": 2})
    jobs: list[str] = []

    def work() -> None:
        with PodiumClient(client.url) as own:
            for trial in trials(own, experiment):
                with trial:
                    jobs.append(trial.suggestion.job)
                    train(trial)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.experiment(experiment).state == "completed"
    assert len(jobs) == len(set(jobs))


class Unhurried(Preemption):
    """Remembers what it is to wait, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


class Shaken(PodiumClient):
    """A connection that fails at first, and to which something happens between an ask and what follows it."""

    away = 3
    takes_back = True

    def ask(self, experiment_id: Named, wish: Ask) -> Asked:
        if self.away:
            self.away -= 1
            if self.away:
                raise ServerUnreachable("a controller that is replaced")
            raise TooManyRequests(Problem(error="TooMany", detail="not so often"), 429, retry_after_seconds=77)
        asked = super().ask(experiment_id, wish)
        if asked.suggestion is not None and self.takes_back:
            self.takes_back = False
            self.stop_trial(experiment_id, asked.suggestion.trial)
            # a pass may come between, and take the run back already
            with RunClient(self.url, asked.suggestion.token) as run, suppress(Superseded):
                run.give_up(GivenUp(reason=GiveUp.PREEMPTED))
            wait_for(lambda: self.trial(str(experiment_id), 1).state == "stopped", "the end of what was taken back")
        return asked


def test_a_controller_that_is_away_is_waited_for_and_a_run_that_is_taken_back_is_passed_over(
    service: Service, client: PodiumClient
) -> None:
    experiment = service.create(**EXTERNAL | {"parallelism": 1, "budget": {"runs": 2}})
    unhurried = Unhurried()
    with Shaken(client.url) as shaken:
        numbers = []
        for trial in trials(shaken, experiment, preemption=unhurried):
            with trial:
                train(trial)
                numbers.append(trial.number)
    assert len(unhurried.pauses) == 3
    assert unhurried.pauses[2] == 77, "as it was asked to"
    assert numbers == [2]


class Terminated(PodiumClient):
    """A connection during whose second ask SIGTERM comes."""

    asks = 0

    def ask(self, experiment_id: Named, wish: Ask) -> Asked:
        self.asks += 1
        if self.asks == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().ask(experiment_id, wish)


def test_sigterm_between_two_trials_ends_the_iteration(service: Service, client: PodiumClient) -> None:
    experiment = service.create(**EXTERNAL | {"budget": {"cost": 3.0}})
    numbers = []
    with Terminated(client.url) as terminated:
        for trial in trials(terminated, experiment):
            with trial:
                train(trial)
                numbers.append(trial.number)
    assert numbers == [1]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert client.experiment(experiment).state == "running"


def test_an_error_after_the_last_report_gives_nothing_up(
    service: Service, client: PodiumClient, caplog: pytest.LogCaptureFixture
) -> None:
    experiment = service.create(**EXTERNAL)
    trial = next(trials(client, experiment))
    with trial:
        train(trial)
        trial.__exit__(OSError, OSError("no place for the picture"), None)
    assert "given up" not in caplog.text
    assert first_run(client, experiment, trial, attempts=1) == "succeeded"


def first_run(client: PodiumClient, experiment: str, trial: AskedTrial, *, attempts: int) -> str:
    """Wait for the first attempt's end; return its reason."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        [run, *_] = client.trial(experiment, trial.number).runs
        if run.attempts[0].end_reason is not None and len(run.attempts) == attempts:
            return run.attempts[0].end_reason
        time.sleep(0.02)
    raise AssertionError("the attempt does not end")


@pytest.mark.parametrize(
    ("error", "reason", "attempts"),
    [
        (ValueError("no such layer"), "bug", 2),
        (KeyboardInterrupt(), "preempted", 2),
        (MemoryError(), "bug", 2),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), "out of accelerator memory", 1),
    ],
)
def test_an_error_in_the_block_is_told_and_goes_on_its_way(
    service: Service, client: PodiumClient, error: BaseException, reason: str, attempts: int
) -> None:
    experiment = service.create(**EXTERNAL)
    trial = next(trials(client, experiment))
    with pytest.raises(type(error)), trial:
        raise error
    assert first_run(client, experiment, trial, attempts=attempts) == reason


def test_leaving_early_and_infeasible_configurations_are_told(service: Service, client: PodiumClient) -> None:
    experiment = service.create(**EXTERNAL)
    asked = trials(client, experiment)
    hopeless = next(asked)
    with hopeless:
        hopeless.infeasible("a batch larger than the data")
    assert first_run(client, experiment, hopeless, attempts=1) == "infeasible"
    forgotten = next(asked)
    with forgotten:
        pass
    assert first_run(client, experiment, forgotten, attempts=2) == "bug"
    preempted = next(asked)
    with preempted:
        raise Preempted("SIGTERM")
    assert first_run(client, experiment, preempted, attempts=3 if preempted.number == forgotten.number else 2)


def test_who_left_while_waiting_is_given_nothing(service: Service) -> None:
    experiment = service.create(**EXTERNAL | {"parallelism": 1})
    with serving(service.app) as url:
        with httpx2.Client(base_url=url) as http, pytest.raises(httpx2.ReadTimeout):
            http.post(f"{API}/experiments/{experiment}/suggestions", json={"wait_seconds": 30}, timeout=0.5)
        time.sleep(2 * BETWEEN_LOOKS_SECONDS)
        service.settle()
        time.sleep(2 * BETWEEN_LOOKS_SECONDS)
        with PodiumClient(url) as client:
            assert client.ask(experiment, Ask()).suggestion is not None, "it was given to nobody"
