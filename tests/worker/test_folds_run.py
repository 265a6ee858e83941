"""`python -m worker` with folds and repeats: one report for all of them, one checkpoint, one result."""

import io
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean

import pytest
import torch
from pyarrow import parquet

from podium import checkpoints
from podium.results import PREDICTIONS, SUMMARY, Summary
from podium.trainer import METRICS
from tests.sdk.fake_run_api import FakeRunApi, assignment, serving
from tests.worker.evaluating import evaluation
from tests.worker.in_process import train_here
from tests.worker.small import TRIAL, differing, learner, training, weights, write_images
from worker.packing import unpacked
from worker.trained import trained_learner

HEAD: dict[str, object] = {"trainable": "head", "dropout": 0.2}
"""A step takes next to nothing, and dropout draws."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    """A full training of two epochs and two folds: 10 images are trained on and 10 held out by each."""
    pets = write_images(tmp_path / "pets", each=10)
    given = assignment(
        tmp_path / "straight",
        trial=TRIAL,
        training=training(dataset="image_folder", data=str(pets), batch_size=5, folds=2, **HEAD),
        to_epoch=2,
        full_epochs=2,
        configuration={"learning_rate": 0.01},
        results=(tmp_path / "results").as_uri(),
    )
    with serving(FakeRunApi(given)) as api:
        yield api


def with_training(api: FakeRunApi, **changes: object) -> None:
    given = api.assignment.training
    assert given is not None
    settings = training(**{**given.model_dump(exclude_unset=True), **changes})
    api.assignment = api.assignment.model_copy(update={"training": settings})


def stored(folder: Path) -> bytes:
    [path] = [path for path in folder.iterdir() if path.name.startswith("epoch-00002-attempt")]
    checkpoint = checkpoints.load(path.parent.as_uri(), up_to_epoch=2)
    assert checkpoint is not None
    return checkpoint.data


def terminated_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SIGTERM come with a step of SGD, counted from 1."""
    taken, plain_step = 0, torch.optim.SGD.step

    def counted(self: torch.optim.SGD, *given: object) -> object:
        nonlocal taken
        taken += 1
        if taken == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return plain_step(self, *given)

    monkeypatch.setattr(torch.optim.SGD, "step", counted)


def check_results(folder: Path, reported: Mapping[str, float]) -> Summary:
    """Check that they are what each fold says of the images that it held out."""
    summary = Summary.model_validate_json((folder / SUMMARY).read_bytes())
    assert (summary.images, [each.images for each in summary.classes]) == (20, [10, 10])
    assert summary.top1 == pytest.approx(reported["val_accuracy"])
    assert summary.loss == pytest.approx(reported["val_loss"], rel=1e-5)
    rows = parquet.read_table(folder / PREDICTIONS).to_pylist()
    assert sorted(row["position"] for row in rows) == list(range(20))
    halves = [fmean(row["loss"] for row in rows[start : start + 10]) for start in (0, 10)]
    assert fmean(halves) == pytest.approx(reported["val_loss"], rel=1e-5)
    assert abs(halves[0] - halves[1]) / 2 == pytest.approx(reported["val_loss_stderr"], rel=1e-4)
    return summary


def test_folds_terminated_midway_in_the_second_report_and_store_what_they_would_have(
    api: FakeRunApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train_here(api, monkeypatch) is None
    straight, api.reports = api.reports, []
    assert [report.epoch for report in straight] == [1, 2], "one report for both folds"
    assert set(straight[0].metrics) == {*METRICS, *(f"{metric}_stderr" for metric in METRICS)}
    assert len(unpacked(stored(tmp_path / "straight"))) == 2
    summary = check_results(tmp_path / "results", straight[-1].metrics)
    assert [(each.images, each.held_out) for each in api.data] == [(summary.data_digest, summary.split_digest)]

    resumed = tmp_path / "resumed"
    api.assignment = api.assignment.model_copy(update={"checkpoints": resumed.as_uri()})
    with monkeypatch.context() as patch:
        terminated_at(7, patch)  # 2 steps for each fold: the second fold's first in the second epoch
        assert train_here(api, patch) == 75
    assert api.epochs == [1]
    assert sorted(path.name for path in resumed.iterdir()) == [
        "epoch-00001-attempt-1.ckpt",
        "epoch-00002-midway-attempt-1.ckpt",
    ]
    api.assignment = api.assignment.model_copy(update={"attempt": 2, "reported_epoch": 1})
    assert train_here(api, monkeypatch) is None
    assert [report.metrics for report in api.reports] == [report.metrics for report in straight]
    assert stored(resumed) == stored(tmp_path / "straight")


def test_repeats_tell_what_the_first_says_of_the_images_that_all_held_out(
    api: FakeRunApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = (tmp_path / "single").as_uri()
    with_training(api, folds=None)
    api.assignment = api.assignment.model_copy(update={"results": f"{single}/results", "checkpoints": single})
    assert train_here(api, monkeypatch) is None
    with_training(api, repeats=2)
    again = {"results": (tmp_path / "results").as_uri(), "checkpoints": (tmp_path / "repeated").as_uri()}
    api.assignment = api.assignment.model_copy(update=again)
    assert train_here(api, monkeypatch) is None
    assert api.data[0] == api.data[1], "the images held out are the same"
    assert set(api.reports[0].metrics) == set(METRICS)
    assert "val_loss_stderr" in api.reports[-1].metrics
    once, first = (tmp_path / each / SUMMARY for each in ("single/results", "results"))
    assert first.read_bytes() == once.read_bytes()

    settings = api.assignment.training
    assert settings is not None
    asked = evaluation(tmp_path / "repeated", settings, configuration=api.assignment.configuration)
    judged = trained_learner(asked, ["cat", "dog"], torch.device("cpu"))
    assert differing(weights(judged), torch.load(io.BytesIO(stored(tmp_path / "single")))["model"]) == []


def test_the_frozen_layers_are_passed_once_for_all_folds(
    api: FakeRunApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(learner().model.state_dict(), tmp_path / "weights.pt")
    with_training(api, weights=str(tmp_path / "weights.pt"), cache="memory")
    passed: list[int] = []
    conv1 = torch.nn.Conv2d.forward

    def seen(self: torch.nn.Conv2d, pixels: torch.Tensor) -> torch.Tensor:
        if pixels.shape[1] == 3:
            passed.append(len(pixels))
        return conv1(self, pixels)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", seen)
    assert train_here(api, monkeypatch) is None
    assert sum(passed) == 20 + 1, "all images, and one more to know the features' shape"
    assert api.epochs == [1, 2]


def test_a_label_of_fewer_images_than_folds_ends_the_run_in_one_line(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with_training(api, folds=11)
    assert train_here(api, monkeypatch) == 1
    expected = "podium: label 'cat' has 10 images; `folds: 11` needs 11, one for each fold to hold out\n"
    assert capfd.readouterr().err == expected
