"""A folder for TensorBoard: a run for each trial with its scalars by epoch, and the rows of the HPARAMS tab.

Written by Podium itself: the `tensorboard` package is not needed to write, only to look. Files have fixed names, so
that exporting again replaces what is there and doubles nothing.
"""

import os
from pathlib import Path

from podium.exporting import event_files
from podium.exporting.event_files import At, Status
from podium.exporting.record import TrialRecord
from podium.exporting.series import curve_of
from podium.exporting.spool import Spool
from podium.exporting.tfrecord import framed
from podium.taxonomy import TrialState
from podium.whole_file import PARTIAL
from podium.wire import Experiment

FILE = "events.out.tfevents.{seconds:010d}.podium"
"""TensorBoard knows a file by `tfevents` in its name, and reads a run's files in the order of their names."""


def write_folder(folder: Path, experiment: Experiment, spool: Spool) -> int:
    """Write the event files of an experiment; return how many scalars."""
    born = experiment.created_at.timestamp()
    objective = experiment.spec.objective.metric
    metrics = [objective, *(name for name in spool.metrics if name != objective)]
    at = At(seconds=born)
    told = event_files.experiment(experiment.name, experiment.spec.parameters, metrics, at)
    _write(folder, born, [event_files.version(at), told])
    return sum(_write_trial(folder / f"t{record.trial.number:04d}", record) for record in spool)


def events_of(record: TrialRecord) -> list[bytes]:
    """Return all events of a trial's file, in their order."""
    trial, curve = record.trial, curve_of(record)
    born = At(seconds=trial.created_at.timestamp())
    group = f"trial {trial.number}{' (baseline)' if trial.is_baseline else ''}"
    events = [event_files.version(born), event_files.session_start(trial.configuration, group, born)]
    for point in curve:
        values = {**point.metrics, "podium/seconds": point.seconds}
        events.append(event_files.scalars(values, At(seconds=point.at, step=point.epoch)))
    if trial.state is not TrialState.RUNNING:
        ended = record.runs[-1].ended_at if record.runs else None
        end = At(seconds=(ended or trial.created_at).timestamp(), step=trial.reached_epoch)
        status = Status.FAILURE if trial.state is TrialState.FAILED else Status.SUCCESS
        events.append(event_files.session_end(status, end))
    return events


def _write_trial(folder: Path, record: TrialRecord) -> int:
    _write(folder, record.trial.created_at.timestamp(), events_of(record))
    return sum(len(point.metrics) + 1 for point in curve_of(record))


def _write(folder: Path, born: float, events: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE.format(seconds=int(born))
    partial = path.with_name(f".{path.name.replace('tfevents', 'events')}{PARTIAL}")  # a watching TensorBoard skips it
    partial.write_bytes(b"".join(map(framed, events)))
    os.replace(partial, path)
