"""PyTorch Lightning's own loop as a trial: what is reported, what is kept, and where a run ends."""

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from podium.callbacks.lightning import PodiumCallback
from podium.sdk import Trial
from tests.sdk.fake_run_api import FakeRunApi

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice about workers, and torch's about itself
Run = Callable[..., int]


class Line(pl.LightningModule):
    """A linear regression with a schedule, momentum and dropout: all that a checkpoint must bring back."""

    def __init__(self, learning_rate: float, epochs: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.1), torch.nn.Linear(8, 1))
        self.learning_rate, self.epochs = learning_rate, epochs

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        loss = torch.nn.functional.mse_loss(self.layers(batch[0]), batch[1])
        self.log("train_loss", loss, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", torch.nn.functional.mse_loss(self.layers(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), self.learning_rate, momentum=0.9)
        return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.epochs)]


def train(trial: Trial, *, learning_rate: float = 0.01, **options: Any) -> None:
    points = torch.linspace(-1, 1, 96).reshape(32, 3)
    loader = DataLoader(TensorDataset(points, points.sum(1, keepdim=True)), batch_size=8)
    reporter = PodiumCallback(trial, **options)
    trainer = pl.Trainer(
        accelerator="cpu",
        callbacks=[reporter],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Line(learning_rate, trial.full_epochs), loader, loader, ckpt_path=reporter.resume_path())


def test_each_epoch_is_reported_once_with_what_the_model_logs(run: Run, api: FakeRunApi) -> None:
    assert run(train) == 0
    assert api.epochs == [1, 2, 3]
    assert set(api.reports[0].metrics) == {"train_loss", "val_loss"}
    losses = [report.metrics["val_loss"] for report in api.reports]
    assert losses[2] < losses[0]


def test_a_promoted_trial_goes_on_as_if_it_had_never_stopped(run: Run, api: FakeRunApi, tmp_path: Path) -> None:
    run(train, to_epoch=3)
    straight = [report.metrics for report in api.reports]
    api.reports.clear()
    run(train, to_epoch=1, checkpoints=(tmp_path / "t4").as_uri())
    run(train, to_epoch=3, from_epoch=1, reported_epoch=1, checkpoints=(tmp_path / "t4").as_uri())
    assert api.epochs == [1, 2, 3]
    resumed = [report.metrics["val_loss"] for report in api.reports]
    # dropout draws other numbers after a start: Lightning's checkpoint holds no random state
    assert resumed[0] == straight[0]["val_loss"]
    assert resumed[2] == pytest.approx(straight[2]["val_loss"], rel=0.2)
    assert resumed[2] < resumed[0]


def test_nothing_is_trained_twice_where_all_is_trained(run: Run, api: FakeRunApi) -> None:
    run(train)
    assert run(train, from_epoch=2, reported_epoch=3) == 0
    assert api.epochs == [1, 2, 3, 3], "the last report may be sent again, and changes nothing"


def test_a_verdict_ends_the_training(run: Run, api: FakeRunApi) -> None:
    api.stop_at = 2
    assert run(train) == 0
    assert api.epochs == [1, 2]


def test_a_loss_that_diverges_is_infeasible(run: Run, api: FakeRunApi) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert run(lambda trial: train(trial, learning_rate=1e30)) == 65
    assert not any(math.isnan(value) for report in api.reports for value in report.metrics.values())


def test_metrics_may_be_named_and_a_missing_one_says_what_there_is(run: Run, api: FakeRunApi) -> None:
    run(lambda trial: train(trial, metrics=["val_loss"]), to_epoch=1)
    assert set(api.reports[0].metrics) == {"val_loss"}
    with pytest.raises(ValueError, match=r"val_f1 is not among .*train_loss, val_loss"):
        run(lambda trial: train(trial, metrics=["val_f1"]), from_epoch=0, to_epoch=3, reported_epoch=0)


def test_without_checkpoints_none_is_kept(run: Run, api: FakeRunApi, tmp_path: Path) -> None:
    run(lambda trial: train(trial, keeps_checkpoints=False))
    assert api.epochs == [1, 2, 3]
    assert not (tmp_path / "t3").exists()
