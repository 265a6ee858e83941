"""A script tells how far an epoch is: seldom, without waiting, and it leaves when it is told to."""

import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from podium.leaving import Infeasible, Stopped, Superseded
from podium.pace import Pace
from podium.preemption import Preemption
from podium.run_client import RunClient
from podium.sdk import Trial
from podium.wire import PROGRESS_SECONDS, UnderWay
from tests.sdk.fake_run_api import TOKEN, FakeRunApi, finish


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trial(api: FakeRunApi, clock: Clock) -> Iterator[Trial]:
    with Preemption() as preemption, RunClient(api.url, TOKEN, sleep=preemption.pause) as client:
        yield Trial(client, preemption, clock=clock)


def test_it_is_told_once_in_each_interval(api: FakeRunApi, trial: Trial, clock: Clock) -> None:
    for step in range(1, 11):
        clock.now += PROGRESS_SECONDS / 4
        trial.progress(epoch=1, share=step / 10, samples_per_second=96.0, train_loss=2.0 / step)
    assert [told.share for told in api.under_way] == [0.4, 0.8]
    assert api.under_way[0] == UnderWay(epoch=1, share=0.4, metrics={"train_loss": 0.5}, samples_per_second=96.0)


def test_the_experiment_may_say_how_often(api: FakeRunApi, clock: Clock) -> None:
    api.assignment = api.assignment.model_copy(update={"progress_seconds": 10.0})
    with Preemption() as preemption, RunClient(api.url, TOKEN) as client:
        trial = Trial(client, preemption, clock=clock)
        for step in range(1, 5):
            clock.now += 5
            trial.progress(epoch=1, share=step / 4)
    assert [told.share for told in api.under_way] == [0.5, 1.0]


def test_after_a_report_the_interval_begins_anew(api: FakeRunApi, trial: Trial, clock: Clock) -> None:
    clock.now = PROGRESS_SECONDS - 1
    trial.report(epoch=1, val_accuracy=0.5)
    clock.now += 2
    trial.progress(epoch=2, share=0.1)
    assert api.under_way == [], "an epoch shorter than the interval is not told of"


def test_a_stop_within_an_epoch_leaves_at_once_as_after_one(api: FakeRunApi, folder: str) -> None:
    api.stop_within = 2
    api.assignment = api.assignment.model_copy(update={"progress_seconds": 1e-6})
    process = api.start(
        "-c",
        """
import podium
with podium.trial() as trial:
    for epoch in trial.epochs():
        for step in range(4):
            print(epoch, step, flush=True)
            trial.progress(epoch=epoch, share=step / 4)
        trial.report(epoch=epoch, checkpoint=b"weights", val_accuracy=0.5)
""",
    )
    code, stderr = finish(process)
    assert (code, stderr) == (0, "podium: stopped by the controller within epoch 2, 0% through\n")
    assert api.epochs == [1]
    assert os.listdir(folder.removeprefix("file://")) == ["epoch-00001-attempt-1.ckpt"]


@pytest.mark.parametrize("status", [404, 422, 429, 500, 503])
def test_what_is_not_taken_is_dropped_with_one_line_and_no_wait(
    api: FakeRunApi, trial: Trial, clock: Clock, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    api.progress_refusal = status
    with caplog.at_level(logging.WARNING):
        for step in (1, 2):
            clock.now += PROGRESS_SECONDS
            trial.progress(epoch=1, share=step / 4)
    assert len(api.under_way) == 2
    assert len(caplog.messages) == 1
    assert "training goes on" in caplog.text
    api.progress_refusal = None
    clock.now += PROGRESS_SECONDS
    trial.progress(epoch=1, share=0.75)
    assert [told.share for told in api.under_way] == [0.25, 0.5, 0.75]


def test_a_controller_that_is_away_is_not_waited_for(trial: Trial, api: FakeRunApi, clock: Clock) -> None:
    client = RunClient("http://127.0.0.1:9", TOKEN, sleep=lambda _: pytest.fail("it waits"))
    with client:
        assert client.progress(UnderWay(epoch=1, share=0.5)) is None


def test_a_controller_that_hangs_costs_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.run_client.ASIDE_TIMEOUT_SECONDS", 0.2)
    answered = threading.Event()

    class Hanging(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answered.wait(30)

    with ThreadingHTTPServer(("127.0.0.1", 0), Hanging) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with RunClient(f"http://127.0.0.1:{server.server_port}", TOKEN) as client:
            assert client.progress(UnderWay(epoch=1, share=0.5)) is None
        assert not answered.is_set()
        answered.set()
        server.shutdown()
        thread.join()


def test_telling_takes_no_more_than_a_twentieth_of_the_time(clock: Clock) -> None:
    pace = Pace(seconds=60.0, clock=clock)
    clock.now = 60.0
    assert pace.is_due
    with pace.telling():
        clock.now += 30.0  # names are looked up in vain
    clock.now += 599.0
    assert not pace.is_due
    clock.now += 1.0
    assert pace.is_due
    with pace.telling():
        pass
    clock.now += 60.0
    assert pace.is_due


def test_a_superseded_attempt_leaves(api: FakeRunApi, trial: Trial, clock: Clock) -> None:
    api.progress_refusal = 409
    clock.now = PROGRESS_SECONDS
    with pytest.raises(Superseded):
        trial.progress(epoch=1, share=0.5)


def test_a_loss_that_is_not_finite_is_infeasible(api: FakeRunApi, trial: Trial, clock: Clock) -> None:
    clock.now = PROGRESS_SECONDS
    with pytest.raises(Infeasible, match="train_loss is nan"):
        trial.progress(epoch=1, share=0.5, train_loss=float("nan"))
    assert api.under_way == []


def test_a_stop_is_an_end_of_the_process_and_no_error_of_the_script(
    api: FakeRunApi, trial: Trial, clock: Clock
) -> None:
    api.stop_within = 1
    clock.now = PROGRESS_SECONDS
    with pytest.raises(Stopped, match="within epoch 1, 40% through") as stopped:
        trial.progress(epoch=1, share=0.4)
    assert stopped.value.exit_code == 0
    assert not isinstance(stopped.value, Exception)


@pytest.mark.parametrize(("epoch", "share"), [(0, 0.5), (4, 0.5), (1, 1.5), (1, -0.1), (1, float("nan"))])
def test_what_makes_no_sense_is_told_at_the_first_call(trial: Trial, epoch: int, share: float) -> None:
    with pytest.raises(ValueError, match=r"epoch|share"):
        trial.progress(epoch=epoch, share=share)
