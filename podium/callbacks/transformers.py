"""The Hugging Face Trainer: a callback that reports each epoch, keeps the trainer's checkpoint, and resumes from it.

    from transformers import Trainer, TrainingArguments
    import podium
    from podium.callbacks.transformers import PodiumCallback

    with podium.trial() as trial:
        reporter = PodiumCallback(trial)
        arguments = TrainingArguments(
            output_dir=f"out/{trial.number}-{trial.to_epoch}", num_train_epochs=trial.full_epochs,
            eval_strategy="epoch", save_strategy="epoch", save_total_limit=1,
            learning_rate=trial.parameters["learning_rate"],
        )
        trainer = Trainer(model, arguments, train_dataset=..., eval_dataset=..., callbacks=[reporter])
        trainer.train(resume_from_checkpoint=reporter.resume_path())

`num_train_epochs` is that of a full training, over which the learning rate is scheduled; the callback ends the
run where Podium wants it to end. Metrics have the names that the Trainer gives them: `eval_loss`, `eval_accuracy`.
Needs `transformers`; one process trains one trial.
"""

import io
import shutil
import tarfile
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import IntervalStrategy, SaveStrategy

from podium.callbacks import output_folder
from podium.callbacks.metrics import chosen
from podium.sdk import Trial

LEAST_SHARE = 1e-6
"""Of an epoch: less than a step, and more than floating point loses."""


class PodiumCallback(TrainerCallback):
    """Reports what the Trainer evaluates at the end of each epoch, with its checkpoint folder as the checkpoint.

    `metrics` names what is reported beside the objective; all that are numbers, where it is None. Where the Trainer
    saves nothing (`save_strategy="no"`), a run that is interrupted, or promoted, starts over.
    """

    def __init__(self, trial: Trial, *, metrics: Iterable[str] | None = None) -> None:
        self._trial = trial
        self._names = None if metrics is None else frozenset(metrics)
        self._folder = Path(tempfile.mkdtemp(prefix="podium-transformers-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._told = 0
        self._evaluated: dict[str, float] = {}
        self._evaluated_epoch = 0

    def resume_path(self) -> str | None:
        """Return the folder to resume from, for `train(resume_from_checkpoint=...)`; None at the very beginning.

        Ends the process where nothing is left to train.
        """
        found = self._trial.load_checkpoint()
        if found is None:
            return None
        self._told = found.epoch
        with tarfile.open(fileobj=io.BytesIO(found.data)) as archive:
            archive.extractall(self._folder, filter="data")
        [folder] = self._folder.iterdir()
        return str(folder)

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Check that the Trainer evaluates each epoch, and saves all in a folder of this trial. Raises ValueError."""
        if args.world_size > 1:
            raise ValueError(
                f"{args.world_size} processes train this trial, of which each would report; use one a trial"
            )
        if (evaluates := IntervalStrategy(args.eval_strategy).value) != "epoch":
            raise ValueError(f'eval_strategy is "{evaluates}"; it must be "epoch": each epoch is reported')
        if (saves := SaveStrategy(args.save_strategy).value) not in ("epoch", "no"):
            raise ValueError(f'save_strategy is "{saves}"; it must be "epoch", or "no"')
        if saves == "epoch" and args.save_only_model:
            raise ValueError(
                "save_only_model=True loses the optimizer's and the schedule's state, and a run would resume without; "
                'leave it out, or write save_strategy="no": then a run that is interrupted, or promoted, starts over'
            )
        if args.max_steps > 0:
            raise ValueError(
                f"max_steps is {args.max_steps}, and a run is counted in epochs; write num_train_epochs="
                "trial.full_epochs, and give a data set that has no length one, for an epoch to end"
            )
        if args.num_train_epochs < self._trial.to_epoch:
            raise ValueError(
                f"num_train_epochs is {args.num_train_epochs:g}, and this run goes to {self._trial.to_epoch}; write "
                "num_train_epochs=trial.full_epochs"
            )
        if saves == "epoch":
            assert args.output_dir is not None
            output_folder.claim(Path(args.output_dir), self._trial.assignment)

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Report the epoch before, where nothing is saved: all its sets of data are evaluated by now."""
        self._report(None)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Tell how far the epoch is, once in a while, and hear whether to go on."""
        whole, share = divmod(state.epoch or 0.0, 1.0)
        if share > 0:
            self._trial.progress(epoch=int(whole) + 1, share=share)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Take what was evaluated. Of a dict of data sets it is one set's metrics: the epoch is reported with all.

        What another callback has evaluated within an epoch is left alone.
        """
        if not _is_whole_epoch(state):
            return
        if _epoch(state) != self._evaluated_epoch:
            self._evaluated, self._evaluated_epoch = {}, _epoch(state)
        self._evaluated |= metrics or {}
        if self._evaluated_epoch >= self._trial.to_epoch:
            control.should_training_stop = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Report the epoch with its checkpoint. Leaves by an exception when the verdict is stop."""
        assert args.output_dir is not None
        if _epoch(state) == self._evaluated_epoch:
            self._report(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Report the last epoch, where nothing is saved."""
        self._report(None)

    def _report(self, folder: Path | None) -> None:
        epoch = self._evaluated_epoch
        if epoch <= self._told:
            return
        metrics = chosen(self._evaluated, self._names, self._trial.assignment.objective)
        self._told = epoch
        checkpoint = None if folder is None else output_folder.packed(folder)
        self._trial.report(epoch=epoch, checkpoint=checkpoint, **metrics)


def _epoch(state: TrainerState) -> int:
    return round(state.epoch or 0.0)


def _is_whole_epoch(state: TrainerState) -> bool:
    return abs((state.epoch or 0.0) - _epoch(state)) < LEAST_SHARE
