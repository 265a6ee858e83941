"""`python -m worker` as a cluster starts it, on a few small images."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import podium
from podium import checkpoints
from tests.sdk.fake_run_api import TOKEN, FakeRunApi, assignment, finish, serving
from tests.worker.small import TRIAL, training, write_images
from worker import numerics, session


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    settings = training(dataset="image_folder", data=str(write_images(tmp_path / "pets", each=10)), batch_size=8)
    given = assignment(
        tmp_path / "straight", trial=TRIAL, training=settings, to_epoch=2, configuration={"learning_rate": 0.01}
    )
    with serving(FakeRunApi(given)) as api:
        yield api


def stored(folder: Path) -> bytes:
    checkpoint = checkpoints.load(folder.as_uri(), up_to_epoch=99)
    assert checkpoint is not None
    assert checkpoint.epoch == 2
    return checkpoint.data


def train_here(api: FakeRunApi, monkeypatch: pytest.MonkeyPatch) -> object:
    """Train as `python -m worker` does, in this process, which has torch already; return the exit code or None."""
    monkeypatch.setenv("PODIUM_URL", api.url)
    monkeypatch.setenv("PODIUM_RUN_TOKEN", TOKEN)
    threads_before = torch.get_num_threads()
    numerics.settle(1)
    try:
        with podium.trial() as trial:
            session.train(trial, threads=1)
    except SystemExit as left:
        return left.code
    finally:
        torch.set_num_threads(threads_before)
        torch.set_flush_denormal(False)
    return None


def test_a_worker_that_was_terminated_and_resumed_equals_a_straight_one(
    api: FakeRunApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first half runs in a process of its own, which SIGTERM ends; the others here, since torch takes seconds."""
    assert train_here(api, monkeypatch) is None
    assert api.epochs == [1, 2]
    assert set(api.reports[0].metrics) == {"val_accuracy", "val_loss", "train_accuracy", "train_loss"}
    straight, api.reports = api.reports, []

    resumed = tmp_path / "resumed"
    api.assignment = api.assignment.model_copy(update={"checkpoints": resumed.as_uri(), "to_epoch": 99})
    api.silent_after = 1
    process = api.start("-m", "worker")
    api.wait_for_epoch(1)
    process.terminate()
    code, stderr = finish(process)
    assert code == 75, stderr
    for checkpoint in resumed.iterdir():
        if checkpoint.name > "epoch-00002":  # it may have been faster than the signal
            checkpoint.unlink()
    assert [checkpoint.name for checkpoint in resumed.iterdir()] == ["epoch-00001-attempt-1.ckpt"]

    api.silent_after = None
    api.assignment = api.assignment.model_copy(update={"to_epoch": 2, "attempt": 2, "reported_epoch": 1})
    assert train_here(api, monkeypatch) is None
    assert stored(tmp_path / "straight") == stored(resumed)
    assert [report.metrics for report in straight] == [api.reports[0].metrics, api.reports[-1].metrics]


def test_a_diverging_worker_is_infeasible(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    changes = {"configuration": {"learning_rate": 100.0, "momentum": 0.99}, "to_epoch": 99}
    api.assignment = api.assignment.model_copy(update=changes)

    assert train_here(api, monkeypatch) == 65
    stderr = capfd.readouterr().err
    assert "loss is" in stderr
    assert stderr.count("\n") == 1


def test_nesterov_without_momentum_is_infeasible(api: FakeRunApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.assignment = api.assignment.model_copy(update={"configuration": {"nesterov": True, "momentum": 0.0}})
    assert train_here(api, monkeypatch) == 65


def test_data_that_is_not_there_is_one_clear_line(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = training(dataset="image_folder", data="/nowhere/pets")
    api.assignment = api.assignment.model_copy(update={"training": settings})

    assert train_here(api, monkeypatch) == 1
    expected = "podium: /nowhere/pets is not a directory; `training.data` names one that every worker can see\n"
    assert capfd.readouterr().err == expected
    assert api.reports == []
