"""The trial as a training script sees it.

    with podium.trial() as trial:
        model = build(trial.parameters)
        if checkpoint := trial.load_checkpoint():
            model.restore(checkpoint.data)
        for epoch in trial.epochs():
            accuracy = model.train_one_epoch()
            trial.report(epoch=epoch, checkpoint=model.to_bytes(), val_accuracy=accuracy)

Leaving the block, or a verdict, a SIGTERM or a fault inside it, ends in the exit code that the controller understands.
The checkpoint is stored before its report is sent: an epoch that the controller knows of can always be resumed from.

SIGTERM costs the epoch under way, unless the script can store and restore a state within it:

    with trial.deferring():
        for epoch in trial.epochs():
            for step in ...:
                if trial.is_leaving:
                    trial.leave(model.to_bytes(step))

A long epoch tells how far it is, and hears of a verdict, wherever the script calls `trial.progress`.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from podium import checkpoints
from podium.checkpoints import Checkpoint, CheckpointNotSaved
from podium.credentials import credentials
from podium.environment import this_environment
from podium.finite import finite
from podium.leaving import Fault, Finished, Infeasible, Preempted, Stopped, exit_of
from podium.pace import Pace
from podium.parameters import Configuration
from podium.preemption import Preemption
from podium.run_client import RunClient
from podium.taxonomy import Verdict
from podium.wire import PROGRESS_SECONDS, DataDigests, MeasurementReport, RunAssignment, UnderWay

_log = logging.getLogger(__name__)


@contextmanager
def trial() -> Iterator["Trial"]:
    """Read this process's trial from the controller; turn every way out of the block into its exit code.

    Ends the process with one line on stderr when PODIUM_URL is not set, or neither PODIUM_RUN_TOKEN_FILE nor
    PODIUM_RUN_TOKEN.
    """
    with _exit_codes():
        given = credentials(os.environ)
        with Preemption() as preemption, RunClient(given.url, given.token, sleep=preemption.pause) as client:
            current = Trial(client, preemption)
            yield current
            current.check_finished()


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        leaving = exit_of(error)
        if leaving is None:
            raise
        sys.stderr.write(f"podium: {leaving.message}\n")
        raise SystemExit(leaving.code) from None


class Trial:
    """One trial of an experiment, from where it stands to `to_epoch`."""

    def __init__(
        self, client: RunClient, preemption: Preemption, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.assignment: RunAssignment = client.assignment()
        self.start_epoch = 0
        """The last whole epoch of the checkpoint that `load_checkpoint` returned; 0 without one."""
        self._client = client
        self._preemption = preemption
        self._clock = clock
        self._epoch_began = clock()
        self._pace = Pace(seconds=self.assignment.progress_seconds or PROGRESS_SECONDS, clock=clock)
        self._is_environment_told = False
        self._reported_epoch = 0
        self._last_report: MeasurementReport | None = None

    @property
    def parameters(self) -> Configuration:
        """The configuration to train with: booleans are booleans, integers are integers."""
        return dict(self.assignment.configuration)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}, to epoch {self.to_epoch}: {self.parameters}>"

    @property
    def number(self) -> int:
        """The trial's number in its experiment."""
        return self.assignment.trial

    @property
    def seed(self) -> int:
        """The experiment's seed, the same for every trial; add the trial's number for randomness of its own."""
        return self.assignment.seed

    @property
    def to_epoch(self) -> int:
        """The last epoch of this run. A promotion may continue the trial later."""
        return self.assignment.to_epoch

    @property
    def full_epochs(self) -> int:
        """The epochs of a full training, for schedules that must not depend on where this run ends."""
        return self.assignment.full_epochs

    @property
    def data_share(self) -> float:
        """The share of the training data that this run is to see, in (0, 1]; below 1 at a rung of less data."""
        share = self.assignment.data_share
        return 1.0 if share is None else share

    @property
    def is_finished(self) -> bool:
        """Whether the last epoch of this run is reported."""
        return self._reported_epoch >= self.to_epoch

    @property
    def has_reported(self) -> bool:
        """Whether any epoch of this run is reported."""
        return self._reported_epoch > 0

    def load_checkpoint(self) -> Checkpoint | None:
        """Return the state to resume from, and let `epochs` continue after it; None at the very beginning.

        One that is midway was stored by `leave`: `epochs` begins with the epoch that it is within. The last whole epoch
        is reported if the controller does not know of it yet. With nothing left to train, the process ends.
        """
        found = checkpoints.load(self.assignment.checkpoints, up_to_epoch=self.to_epoch)
        if found is None:
            if self.assignment.from_epoch > 0:
                _log.warning(
                    "podium: trial %d stands at epoch %d, but %s holds no checkpoint; it is trained from epoch 0 again",
                    self.number,
                    self.assignment.from_epoch,
                    self.assignment.checkpoints,
                )
            return None
        _log.info("podium: trial %d resumes from %s", self.number, found)
        self.start_epoch, report = found.epoch, found.report
        self._last_report = report
        if report and (report.epoch > self.assignment.reported_epoch or report.epoch == self.to_epoch):
            with self._preemption.held():
                self._send(report)
        if found.epoch == self.to_epoch:
            raise Finished(f"epoch {found.epoch} was trained already; its results are reported")
        return found

    def tell_data(self, *, images: str, held_out: str) -> None:
        """Tell by SHA-256 digests what is trained on and what is held out. Leaves when the first run had others.

        The built-in trainer does; a script may, before it trains.
        """
        self._client.tell_data(DataDigests(images=images, held_out=held_out))

    def tell_environment(self) -> None:
        """Tell the versions of what this process has loaded, and the name of the device that is in use.

        The first report does it by itself; told earlier, it is known also of an attempt that fails before.
        """
        if not self._is_environment_told:
            self._is_environment_told = self._client.tell_environment(this_environment())

    def epochs(self) -> Iterator[int]:
        """Yield the epochs that are left to train, the first of a trial being 1."""
        first = self.start_epoch + 1
        for epoch in range(first, self.to_epoch + 1):
            self._preemption.check()
            if epoch == first:
                _log.info("podium: trial %d trains epochs %d to %d", self.number, first, self.to_epoch)
            self._epoch_began = self._clock()
            yield epoch

    def report(
        self,
        *,
        epoch: int,
        checkpoint: bytes | None = None,
        samples_per_second: float | None = None,
        **metrics: float,
    ) -> None:
        """Store the state after `epoch`, if one is given, and tell the controller what the epoch measured.

        `metrics` must hold the objective. Leaves the process when the verdict is stop, and after SIGTERM. An objective
        or a loss that is not finite makes the trial infeasible. The seconds reported are this attempt's alone.
        """
        self._check_epoch(epoch)
        report = MeasurementReport(
            epoch=epoch,
            metrics=self._measured(metrics),
            seconds=self._clock() - self._epoch_began,
            samples_per_second=samples_per_second,
        )
        with self._preemption.held():
            if checkpoint is not None:
                self._save(Checkpoint(report=report, data=checkpoint))
            self._send(report)
        self._epoch_began = self._clock()

    def progress(self, *, epoch: int, share: float, samples_per_second: float | None = None, **metrics: float) -> None:
        """Tell which share of `epoch` is trained and what it measured so far. Leaves when the verdict is stop.

        Call it after every step: it tells once in a while, each 60 s or as the experiment's `trial.progressSeconds` has
        it, and does nothing in between. What it tells is shown, and is no result. With no answer within seconds it is
        dropped, and the training goes on. A loss that is not finite makes the trial infeasible.
        """
        self._check_epoch(epoch)
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share}; it is the part of the epoch that is trained, from 0 to 1")
        if not self._pace.is_due:
            return
        told = finite(metrics, self.assignment.objective)
        under_way = UnderWay(epoch=epoch, share=share, metrics=told, samples_per_second=samples_per_second)
        with self._pace.telling():
            verdict = self._client.progress(under_way)
        if verdict is Verdict.STOP:
            raise Stopped(f"stopped by the controller within epoch {epoch}, {share:.0%} through")

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """Let SIGTERM wait until the script sees `is_leaving` and calls `leave`; look after every step.

        It does not wait for long: after 15 s the process leaves without a state, as it would outside of this block.
        """
        with self._preemption.deferred():
            yield

    @property
    def is_leaving(self) -> bool:
        """Whether SIGTERM came, and a state within the epoch had better be stored now."""
        return self._preemption.is_due

    def leave(self, data: bytes) -> NoReturn:
        """Store the state within the epoch after the one reported last, and leave the process: the run resumes there.

        Leaves all the same when the storage does not take it; the run then resumes from the checkpoint before. Raises
        ValueError while nothing asks the process to leave.
        """
        if not self.is_leaving:
            raise ValueError("trial.leave() answers a SIGTERM: call it when trial.is_leaving")
        checkpoint = Checkpoint(report=self._last_report, data=data, is_midway=True)
        with self._preemption.held():
            try:
                checkpoints.save(self.assignment.checkpoints, checkpoint, attempt=self.assignment.attempt)
            except CheckpointNotSaved as error:
                raise Preempted(f"SIGTERM: leaving; {error}") from error
            raise Preempted(f"SIGTERM: leaving; the run resumes from {checkpoint}")

    def infeasible(self, why: str) -> NoReturn:
        """Leave: this configuration cannot be trained. The optimizer learns to avoid it."""
        raise Infeasible(why)

    def check_finished(self) -> None:
        """Raise Fault when the script ended before it reported the last epoch."""
        if not self.is_finished:
            raise Fault(f"the script ended after reporting epoch {self._reported_epoch} of {self.to_epoch}")

    def _check_epoch(self, epoch: int) -> None:
        done = max(self.start_epoch, self._reported_epoch)
        if not done < epoch <= self.to_epoch:
            raise ValueError(
                f"epoch {epoch} cannot be reported: {done} is done already and {self.to_epoch} is the last"
            )

    def _measured(self, metrics: dict[str, float]) -> dict[str, float]:
        if (objective := self.assignment.objective) not in metrics:
            names = ", ".join(metrics) or "(none)"
            raise ValueError(f"the objective {objective!r} is missing among the metrics {names}")
        return finite(metrics, objective)

    def _save(self, checkpoint: Checkpoint) -> None:
        try:
            checkpoints.save(self.assignment.checkpoints, checkpoint, attempt=self.assignment.attempt)
        except CheckpointNotSaved as error:
            raise Fault(str(error)) from error

    def _send(self, report: MeasurementReport) -> None:
        self.tell_environment()
        verdict = self._client.report(report)
        self._reported_epoch, self._last_report = report.epoch, report
        self._pace.begin()
        if verdict is Verdict.STOP and report.epoch < self.to_epoch:
            raise Stopped(f"stopped by the controller after epoch {report.epoch}")
