"""PyTorch Lightning: a callback that reports each epoch, keeps the trainer's checkpoint, and resumes from it.

    import lightning.pytorch as pl
    import podium
    from podium.callbacks.lightning import PodiumCallback

    with podium.trial() as trial:
        model, data = build(trial.parameters), ...
        reporter = PodiumCallback(trial)
        trainer = pl.Trainer(callbacks=[reporter])
        trainer.fit(model, data, ckpt_path=reporter.resume_path())

The callback says how many epochs the trainer makes: as many as this run is to. A schedule that must not depend on that
is laid out over `trial.full_epochs`. Needs `lightning`; one process trains one trial.
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from podium.callbacks.metrics import chosen, renewed
from podium.sdk import Trial


class PodiumCallback(Callback):
    """Reports what the model logs, at the end of each epoch, with the trainer's state as the checkpoint.

    `metrics` names what is reported beside the objective; all that is logged and is one number, where it is None.
    `keeps_checkpoints=False` leaves the state out: a run that is interrupted, or promoted, then starts over.
    """

    def __init__(self, trial: Trial, *, metrics: Iterable[str] | None = None, keeps_checkpoints: bool = True) -> None:
        self._trial = trial
        self._names = None if metrics is None else frozenset(metrics)
        self._keeps_checkpoints = keeps_checkpoints
        self._folder = Path(tempfile.mkdtemp(prefix="podium-lightning-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._told = 0
        self._before: Mapping[str, object] = {}
        self._validated_epoch = 0

    def resume_path(self) -> str | None:
        """Return the file of the state to resume from, for `fit(ckpt_path=...)`; None at the very beginning.

        Ends the process where nothing is left to train.
        """
        found = self._trial.load_checkpoint()
        if found is None:
            return None
        self._told = found.epoch
        path = self._folder / "resume.ckpt"
        path.write_bytes(found.data)
        return str(path)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Have the trainer make as many epochs as the run, and report each. Raises ValueError for several processes."""
        if trainer.world_size > 1:
            raise ValueError(
                f"{trainer.world_size} processes train this trial, of which each would report; use one device a trial, "
                "or the built-in trainer, which knows of several"
            )
        if trainer.fit_loop is not None:
            trainer.fit_loop.max_epochs = self._trial.to_epoch
        if stage == "fit":
            others = [each for each in trainer.callbacks if not isinstance(each, _AfterTheModel)]  # type: ignore[attr-defined]  # set by a connector
            trainer.callbacks = [*others, _AfterTheModel(self)]  # type: ignore[attr-defined]

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note what is old: Lightning keeps a metric that is not logged again among the new ones."""
        self._before = dict(trainer.callback_metrics)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # Any: whatever the model's step returns
        batch: Any,  # Any: and whatever its data are
        batch_idx: int,
    ) -> None:
        """Tell how far the epoch is, once in a while, and hear whether to go on."""
        batches = trainer.num_training_batches
        if isinstance(batches, int) and 0 <= batch_idx < batches:
            self._trial.progress(epoch=trainer.current_epoch + 1, share=(batch_idx + 1) / batches)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Know that this epoch was validated."""
        if not trainer.sanity_checking:
            self._validated_epoch = trainer.current_epoch + 1

    def report(self, trainer: Trainer) -> None:
        """Report the epoch that ends; validation is over by then. Leaves by an exception when the verdict is stop.

        What was logged in an epoch before, and not again, is no metric of this one.
        """
        epoch = trainer.current_epoch + 1
        if epoch <= self._told:
            return
        objective, cause = self._trial.assignment.objective, self._why_missing(trainer, epoch)
        metrics = chosen(renewed(trainer.callback_metrics, self._before), self._names, objective, cause=cause)
        self._told = epoch
        self._trial.report(epoch=epoch, checkpoint=self._state(trainer), **metrics)

    def _why_missing(self, trainer: Trainer, epoch: int) -> str | None:
        if self._validated_epoch == epoch:
            return None
        return (
            f"validation did not run in epoch {epoch}, with check_val_every_n_epoch={trainer.check_val_every_n_epoch} "
            f"and val_check_interval={trainer.val_check_interval}: have it run in each (check_val_every_n_epoch=1), or "
            "name a metric of training"
        )

    def _state(self, trainer: Trainer) -> bytes | None:
        if not self._keeps_checkpoints:
            return None
        path = self._folder / "epoch.ckpt"
        trainer.save_checkpoint(path)
        return path.read_bytes()


class _AfterTheModel(Checkpoint):
    """Reports after the model's own `on_train_epoch_end`, in which it may log what is reported.

    Lightning asks callbacks before the model, all but those that are of this class or stop early.
    """

    def __init__(self, reporter: PodiumCallback) -> None:
        self._reporter = reporter

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._reporter.report(trainer)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Go: `test(ckpt_path="best")` would take this for the keeper of the best."""
        trainer.callbacks = [each for each in trainer.callbacks if each is not self]  # type: ignore[attr-defined]
