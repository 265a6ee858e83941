"""PyTorch Lightning's own loop as a trial: what is reported, what is kept, and where a run ends."""

import math
import os
import signal
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from podium.callbacks.lightning import PodiumCallback
from podium.sdk import Trial
from podium.taxonomy import ExitCode
from tests.sdk.fake_run_api import FakeRunApi

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice about workers, and torch's about itself
Run = Callable[..., int]


class Line(pl.LightningModule):
    """A small regression with a schedule and momentum: all that a checkpoint must bring back."""

    def __init__(self, learning_rate: float, epochs: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
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


def train(
    trial: Trial,
    *,
    learning_rate: float = 0.01,
    model: type[Line] = Line,
    trainer_options: Mapping[str, Any] = MappingProxyType({}),
    **options: Any,
) -> None:
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
        **trainer_options,
    )
    trainer.fit(model(learning_rate, trial.full_epochs), loader, loader, ckpt_path=reporter.resume_path())


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
    assert [report.metrics for report in api.reports] == straight


class Killed(Line):
    """Gets SIGTERM within its second epoch, once."""

    is_due = True

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        if self.current_epoch == 1 and index == 2 and Killed.is_due:
            Killed.is_due = False
            os.kill(os.getpid(), signal.SIGTERM)
        return super().training_step(batch, index)


def test_a_sigterm_within_an_epoch_leaves_at_once_and_the_next_attempt_goes_on_from_the_epoch_before(
    run: Run, api: FakeRunApi, tmp_path: Path
) -> None:
    run(train)
    straight = [report.metrics for report in api.reports]
    api.reports.clear()
    kept = (tmp_path / "t4").as_uri()
    assert run(lambda trial: train(trial, model=Killed), checkpoints=kept) == ExitCode.PREEMPTED
    assert api.epochs == [1], "the epoch under way is lost"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert run(lambda trial: train(trial, model=Killed), checkpoints=kept, reported_epoch=1, attempt=2) == 0
    assert api.epochs == [1, 2, 3]
    assert [report.metrics for report in api.reports] == straight


class Telling(Line):
    """Logs at the end of an epoch in its own hook, as one does with what is gathered over all batches."""

    def on_train_epoch_end(self) -> None:
        self.log("gathered", float(self.current_epoch + 1))
        if self.current_epoch == 0:
            self.log("once", 1.0)


def test_what_the_model_logs_in_its_own_hook_belongs_to_the_epoch_that_ends(run: Run, api: FakeRunApi) -> None:
    assert run(lambda trial: train(trial, model=Telling), objective="gathered") == 0
    assert [report.metrics["gathered"] for report in api.reports] == [1.0, 2.0, 3.0]
    assert ["once" in report.metrics for report in api.reports] == [True, False, False]


def test_what_was_not_validated_in_an_epoch_is_no_metric_of_it(run: Run, api: FakeRunApi) -> None:
    seldom = {"check_val_every_n_epoch": 2}
    assert run(lambda trial: train(trial, trainer_options=seldom), objective="train_loss") == 0
    assert [set(report.metrics) for report in api.reports] == [
        {"train_loss"},
        {"train_loss", "val_loss"},
        {"train_loss"},
    ]


def test_an_objective_that_is_not_validated_in_each_epoch_names_the_option(run: Run, api: FakeRunApi) -> None:
    with pytest.raises(
        ValueError,
        match=r"^val_loss is not among the metrics of this epoch \(train_loss\); validation did not run in epoch 1, "
        r"with check_val_every_n_epoch=2 ",
    ):
        run(lambda trial: train(trial, trainer_options={"check_val_every_n_epoch": 2}))
    assert api.epochs == []


def test_the_trainer_has_its_own_callbacks_again_afterwards_and_may_fit_twice(run: Run, api: FakeRunApi) -> None:
    def twice(trial: Trial) -> None:
        points = torch.linspace(-1, 1, 96).reshape(32, 3)
        loader = DataLoader(TensorDataset(points, points.sum(1, keepdim=True)), batch_size=8)
        reporter = PodiumCallback(trial)
        trainer = pl.Trainer(accelerator="cpu", callbacks=[reporter], logger=False, enable_progress_bar=False)
        mine = list(trainer.callbacks)  # type: ignore[attr-defined]  # set by a connector
        trainer.fit(Line(0.01, 8), loader, loader)
        assert trainer.callbacks == mine  # type: ignore[attr-defined]
        trainer.fit(Line(0.01, 8), loader, loader)
        trainer.validate(Line(0.01, 8), loader, ckpt_path="best", verbose=False)

    assert run(twice, to_epoch=1) == 0
    assert api.epochs == [1]


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
