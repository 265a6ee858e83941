"""`python -m worker` as a cluster starts it, on a few small images."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from podium import checkpoints
from tests.sdk.fake_run_api import FakeRunApi, assignment, finish, serving
from tests.worker.in_process import train_here
from tests.worker.small import TRIAL, training, write_images


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunApi]:
    settings = training(dataset="image_folder", data=str(write_images(tmp_path / "pets", each=10)), batch_size=4)
    given = assignment(
        tmp_path / "straight", trial=TRIAL, training=settings, to_epoch=2, configuration={"learning_rate": 0.01}
    )
    monkeypatch.setenv("PODIUM_CACHE_DIR", str(tmp_path / "cache"))
    with serving(FakeRunApi(given)) as api:
        yield api


def stored(folder: Path) -> bytes:
    checkpoint = checkpoints.load(folder.as_uri(), up_to_epoch=2)
    assert checkpoint is not None
    return checkpoint.data


def count_steps(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Return a list that grows with each step of SGD."""
    taken: list[None] = []
    step = torch.optim.SGD.step

    def counted(self: torch.optim.SGD, *given: object) -> object:
        taken.append(None)
        return step(self, *given)

    monkeypatch.setattr(torch.optim.SGD, "step", counted)
    return taken


def test_a_worker_terminated_within_an_epoch_continues_at_that_step_and_equals_a_straight_one(
    api: FakeRunApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first part runs in a process of its own, which SIGTERM ends; the others here, since torch takes seconds."""
    assert train_here(api, monkeypatch) is None
    assert api.epochs == [1, 2]
    assert set(api.reports[0].metrics) == {"val_accuracy", "val_loss", "train_accuracy", "train_loss"}
    straight, api.reports = api.reports, []

    resumed = tmp_path / "resumed"
    api.assignment = api.assignment.model_copy(update={"checkpoints": resumed.as_uri()})
    shutil.rmtree(tmp_path / "cache")
    process = api.start("-m", "worker")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("podium: decoding 20 images once, into ")
    assert process.stderr.readline() == f"podium: trial {TRIAL} trains epochs 1 to 2\n"
    process.terminate()
    code, stderr = finish(process)
    assert code == 75, stderr
    assert stderr.endswith("resumes from the checkpoint midway through epoch 1\n")
    assert [checkpoint.name for checkpoint in resumed.iterdir()] == ["epoch-00001-midway-attempt-1.ckpt"]
    assert api.reports == []

    done = torch.load(io.BytesIO(stored(resumed)), weights_only=True)["midway"]["batches"]
    taken = count_steps(monkeypatch)
    api.assignment = api.assignment.model_copy(update={"attempt": 2})
    assert train_here(api, monkeypatch) is None
    assert done > 0
    assert done + len(taken) == 2 * 4  # 16 images in batches of 4
    assert stored(tmp_path / "straight") == stored(resumed)
    assert [report.metrics for report in api.reports] == [report.metrics for report in straight]


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


def test_a_variable_that_is_no_number_is_one_clear_line(api: FakeRunApi) -> None:
    code, stderr = finish(api.start("-m", "worker", env={"PODIUM_CACHE_GIGABYTES": "lots"}))
    assert code == 1
    expected = "podium: PODIUM_CACHE_GIGABYTES is 'lots'; give a number of gigabytes, or 0 for no cache\n"
    assert stderr == expected


def test_data_that_is_not_there_is_one_clear_line(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = training(dataset="image_folder", data="/nowhere/pets")
    api.assignment = api.assignment.model_copy(update={"training": settings})

    assert train_here(api, monkeypatch) == 1
    expected = "podium: /nowhere/pets is not a directory; `training.data` names one that every worker can see\n"
    assert capfd.readouterr().err == expected
    assert api.reports == []


def test_a_rung_of_less_data_and_smaller_images_trains_on_no_more(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 of 20 images are trained on; half of them is 8, in two batches of 4."""
    api.assignment = api.assignment.model_copy(update={"data_share": 0.5, "image_size": 48, "to_epoch": 1})
    taken, shapes = count_steps(monkeypatch), []
    forward = torch.nn.Conv2d.forward

    def seen(self: torch.nn.Conv2d, pixels: torch.Tensor) -> torch.Tensor:
        if pixels.shape[1] == 3:
            shapes.append(tuple(pixels.shape[2:]))
        return forward(self, pixels)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", seen)
    assert train_here(api, monkeypatch) in (None, 0)
    assert len(taken) == 2
    assert set(shapes) == {(48, 48)}
