"""What the worker tells of an epoch under way: how much of it, at which losses, how fast."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from podium.preemption import Preemption
from podium.run_client import RunClient
from podium.sdk import Trial
from tests.sdk.fake_run_api import TOKEN, FakeRunApi, assignment, serving
from tests.worker.in_process import train_here
from tests.worker.small import training, write_images
from worker.tally import Tally
from worker.telling import Telling


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    settings = training(dataset="image_folder", data=str(write_images(tmp_path / "pets", each=10)), batch_size=4)
    given = assignment(
        tmp_path / "t3", training=settings, to_epoch=2, configuration={"learning_rate": 0.01}, progress_seconds=1e-6
    )
    with serving(FakeRunApi(given)) as api:
        yield api


def test_the_rate_is_of_training_alone_and_of_this_epoch(api: FakeRunApi) -> None:
    clock = Clock()
    with Preemption() as preemption, RunClient(api.url, TOKEN) as client:
        telling = Telling(trial=Trial(client, preemption, clock=clock), images=200, clock=clock)
        for clock.now, count in ((100.0, 40), (110.0, 120), (130.0, 200), (190.0, 200)):  # the last one evaluates
            telling.tell(1, Tally(batches=1, loss_sum=2.0 * count, correct=count // 4, count=count))
        clock.now = 200.0
        telling.tell(2, Tally(batches=1, loss_sum=1.0, correct=1, count=1))
    told = api.under_way
    assert [(each.epoch, each.share) for each in told] == [(1, 0.2), (1, 0.6), (1, 1.0), (1, 1.0), (2, 0.005)]
    assert [each.samples_per_second for each in told] == [None, 8.0, 160 / 30, 160 / 30, None]
    assert told[1].metrics == {"train_loss": 2.0, "train_accuracy": 0.25}


def test_a_worker_tells_how_far_it_is_and_trains_on(api: FakeRunApi, monkeypatch: pytest.MonkeyPatch) -> None:
    assert train_here(api, monkeypatch) is None
    assert api.epochs == [1, 2]
    first = api.under_way[0]
    assert (first.epoch, first.share, set(first.metrics)) == (1, 0.25, {"train_loss", "train_accuracy"})


def test_a_verdict_ends_an_epoch_under_way_and_nothing_of_it_is_kept(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    api.stop_within = 1
    assert train_here(api, monkeypatch) == 0
    assert (api.epochs, len(api.under_way)) == ([], 1)
    assert capfd.readouterr().err.endswith("podium: stopped by the controller within epoch 1, 25% through\n")
    assert not (tmp_path / "t3").exists()
