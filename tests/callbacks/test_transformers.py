"""The Hugging Face Trainer's own loop as a trial: what is reported, what is kept, and where a run ends."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

from podium.callbacks.transformers import PodiumCallback
from podium.sdk import Trial
from tests.sdk.fake_run_api import FakeRunApi

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's and the Trainer's advice
Run = Callable[..., int]
TINY: dict[str, Any] = {
    "vocab_size": 20,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}


class Parity(Dataset[Any]):
    """Which of two words stands first."""

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> Any:
        label = index % 2
        return {"input_ids": torch.tensor([1 + label, 5, 6]), "labels": torch.tensor(label)}


def train(
    trial: Trial, *, metrics: list[str] | None = None, evaluated: Any = None, more: Any = (), **options: Any
) -> None:
    torch.manual_seed(0)
    reporter = PodiumCallback(trial, metrics=metrics)
    given: dict[str, Any] = {
        "output_dir": "out",
        "num_train_epochs": trial.full_epochs,
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "per_device_train_batch_size": 8,
        "learning_rate": 1e-2,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "seed": trial.seed,
    }
    trainer = Trainer(
        BertForSequenceClassification(BertConfig(**TINY)),
        TrainingArguments(**(given | options)),
        train_dataset=Parity(),
        eval_dataset=Parity() if evaluated is None else evaluated,
        callbacks=[reporter, *more],
    )
    trainer.train(resume_from_checkpoint=reporter.resume_path())


@pytest.fixture
def of_eval_loss(api: FakeRunApi) -> FakeRunApi:
    api.assignment = api.assignment.model_copy(update={"objective": "eval_loss"})
    return api


def test_each_epoch_is_reported_once_and_the_run_ends_where_podium_ends_it(run: Run, of_eval_loss: FakeRunApi) -> None:
    assert run(lambda trial: train(trial, metrics=[])) == 0
    assert of_eval_loss.epochs == [1, 2, 3], "of 8 that the schedule is laid out for"
    assert set(of_eval_loss.reports[0].metrics) == {"eval_loss"}


def test_a_promoted_trial_goes_on_as_if_it_had_never_stopped(
    run: Run, of_eval_loss: FakeRunApi, tmp_path: Path
) -> None:
    # each run has an output folder of its own, as each Job has: of checkpoints within one second transformers keeps
    # those of the highest steps, be they another run's, and deletes the one that it has just written
    run(lambda trial: train(trial, output_dir="straight"), to_epoch=3)
    straight = [report.metrics["eval_loss"] for report in of_eval_loss.reports]
    of_eval_loss.reports.clear()
    checkpoints = (tmp_path / "t4").as_uri()
    run(lambda trial: train(trial, output_dir="first"), to_epoch=1, checkpoints=checkpoints)
    promoted = {"to_epoch": 3, "from_epoch": 1, "reported_epoch": 1, "checkpoints": checkpoints}
    run(lambda trial: train(trial, output_dir="promoted"), **promoted)
    assert of_eval_loss.epochs == [1, 2, 3]
    assert [report.metrics["eval_loss"] for report in of_eval_loss.reports] == pytest.approx(straight, rel=1e-5)


def test_a_verdict_ends_the_training(run: Run, of_eval_loss: FakeRunApi) -> None:
    of_eval_loss.stop_at = 2
    assert run(train) == 0
    assert of_eval_loss.epochs == [1, 2]


def test_without_saving_the_epochs_are_reported_all_the_same(
    run: Run, of_eval_loss: FakeRunApi, tmp_path: Path
) -> None:
    assert run(lambda trial: train(trial, save_strategy="no")) == 0
    assert of_eval_loss.epochs == [1, 2, 3]
    assert not (tmp_path / "t3").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"eval_strategy": "steps", "eval_steps": 1}, 'must be "epoch": each epoch is reported'),
        ({"save_strategy": "steps", "save_steps": 1}, 'save_strategy is "steps"'),
        ({"save_only_model": True}, 'save_only_model=True loses the optimizer.* write save_strategy="no"'),
        ({"num_train_epochs": 2}, "num_train_epochs=trial.full_epochs"),
        ({"max_steps": 5}, "max_steps is 5, and a run is counted in epochs"),
    ],
)
def test_arguments_that_would_lose_epochs_are_refused_at_once(
    run: Run, of_eval_loss: FakeRunApi, wrong: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        run(lambda trial: train(trial, **wrong))
    assert of_eval_loss.epochs == []


def test_without_saving_it_does_not_matter_that_a_save_would_be_of_the_model_alone(
    run: Run, of_eval_loss: FakeRunApi
) -> None:
    assert run(lambda trial: train(trial, save_strategy="no", save_only_model=True), to_epoch=1) == 0


@pytest.mark.parametrize("saves", ["epoch", "no"])
def test_of_several_sets_of_data_an_epoch_is_one_report_with_all_of_them(
    run: Run, of_eval_loss: FakeRunApi, saves: str
) -> None:
    sets = {"seen": Parity(), "new": Parity()}
    names = ["eval_seen_loss", "eval_new_loss"]
    for objective in names:
        of_eval_loss.reports.clear()
        options = {"metrics": names, "evaluated": sets, "save_strategy": saves, "output_dir": objective}
        at = (Path.cwd() / f"{objective}.kept").as_uri()
        assert run(lambda trial, given=options: train(trial, **given), objective=objective, checkpoints=at) == 0
        assert of_eval_loss.epochs == [1, 2, 3]
        assert [set(report.metrics) for report in of_eval_loss.reports] == [set(names)] * 3


@pytest.mark.parametrize("saves", ["epoch", "no"])
def test_a_verdict_on_several_sets_ends_the_training_too(run: Run, of_eval_loss: FakeRunApi, saves: str) -> None:
    of_eval_loss.stop_at = 2
    sets = {"seen": Parity(), "new": Parity()}
    assert run(lambda trial: train(trial, evaluated=sets, save_strategy=saves), objective="eval_new_loss") == 0
    assert of_eval_loss.epochs == [1, 2]


def test_another_trials_output_folder_is_refused_and_ones_own_is_not(run: Run, of_eval_loss: FakeRunApi) -> None:
    assert run(train, to_epoch=1) == 0
    assert run(train, to_epoch=2, from_epoch=1, reported_epoch=1) == 0
    with pytest.raises(ValueError, match=r"^out is that of trial 3 of digits-k3f9, and this is trial 4 .*output_dir=f"):
        run(train, trial=4, from_epoch=0, reported_epoch=0, checkpoints=(Path.cwd() / "t4").as_uri())
    assert of_eval_loss.epochs == [1, 2]


def test_checkpoints_that_are_nobodys_are_refused(run: Run, of_eval_loss: FakeRunApi) -> None:
    Path("out/checkpoint-500").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"^out holds checkpoint-500, which is not from trial 3 of digits-k3f9"):
        run(train)


class Disturbing(TrainerCallback):
    """Has another run's checkpoint appear while the first epoch is trained, which the Trainer takes for the newest."""

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        Path("out/checkpoint-500").mkdir(exist_ok=True)
        os.utime("out/checkpoint-500", (2e9, 2e9))


def test_a_checkpoint_that_another_run_has_the_trainer_delete_names_the_cause(
    run: Run, of_eval_loss: FakeRunApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lambda trial: train(trial, more=[Disturbing()])) == 1
    said = capsys.readouterr().err
    assert "out/checkpoint-2 is not there" in said
    assert "beside checkpoint-500, which another run left, save_total_limit removed it: give each run a folder" in said


class Curious(TrainerCallback):
    """Has the Trainer evaluate within an epoch, too, at the 7th step; remembers at which step the training ended."""

    ended_at = 0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_evaluate = state.global_step == 7

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.ended_at = state.global_step


@pytest.mark.parametrize("saves", ["epoch", "no"])
def test_an_evaluation_within_an_epoch_is_none_of_an_epoch_and_ends_nothing(
    run: Run, of_eval_loss: FakeRunApi, saves: str
) -> None:
    curious = Curious()
    options: dict[str, Any] = {"per_device_train_batch_size": 4, "save_strategy": saves, "more": [curious]}
    assert run(lambda trial: train(trial, **options), to_epoch=2) == 0
    assert of_eval_loss.epochs == [1, 2]
    assert curious.ended_at == 8
