"""A folder for TensorBoard: a run for each trial with its scalars by epoch, and the rows of the HPARAMS tab.

Written by Podium itself: the `tensorboard` package is not needed to write, only to look. Files have fixed names, so
that exporting again replaces what is there and doubles nothing. A folder is one experiment's: trials have numbers.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

from podium.exporting import event_files
from podium.exporting.event_files import At, Status
from podium.exporting.record import TrialRecord
from podium.exporting.series import curve_of
from podium.exporting.spool import Spool
from podium.exporting.tfrecord import framed
from podium.taxonomy import TrialState
from podium.whole_file import PARTIAL, flush
from podium.whole_files import APART
from podium.wire import Experiment

FILE = "events.out.tfevents.{seconds:010d}.podium"
"""TensorBoard knows a file by `tfevents` in its name, and reads a run's files in the order of their names."""
OF_EXPERIMENT = FILE + ".{experiment}"
"""In the folder itself: whose it is, and the columns of the HPARAMS tab."""

AT_ONCE = 16
"""Files that wait for the disk together: one by one, thousands of trials would wait for minutes."""


class FolderOfAnother(Exception):
    """The folder holds another experiment's trials, or nobody knows whose, with which these would be mixed."""


def write_folder(folder: Path, experiment: Experiment, spool: Spool) -> int:
    """Write the event files of an experiment; return how many scalars. Raises FolderOfAnother."""
    _refuse_anothers(folder, experiment)
    born = experiment.created_at.timestamp()
    objective = experiment.spec.objective.metric
    metrics = [objective, *(name for name in spool.metrics if name != objective)]
    at = At(seconds=born)
    told = event_files.experiment(experiment.name, experiment.spec.parameters, metrics, at)
    _write(folder / _name(experiment), [event_files.version(at), told])
    count, records = 0, iter(spool)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while some := list(islice(records, AT_ONCE)):
            count += sum(pool.map(partial(_write_trial, folder), some))
    return count


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


def _refuse_anothers(folder: Path, experiment: Experiment) -> None:
    for path in sorted(folder.glob("events.out.tfevents.*.podium*")):
        _, _, owner = path.name.partition(".podium.")
        if owner != experiment.id:
            held = f"the trials of {owner}" if owner else f"{path.name}, which does not say whose trials are here"
            raise FolderOfAnother(
                f"{folder} holds {held}, which TensorBoard would mix with those of {experiment.id}; name another "
                f"folder: podium export {experiment.id} --to tensorboard {folder}-{experiment.id}"
            )


def _name(experiment: Experiment) -> str:
    return OF_EXPERIMENT.format(seconds=int(experiment.created_at.timestamp()), experiment=experiment.id)


def _write_trial(folder: Path, record: TrialRecord) -> int:
    """Write a trial's file; return how many scalars."""
    folder = folder / f"t{record.trial.number:04d}"
    _write(folder / FILE.format(seconds=int(record.trial.created_at.timestamp())), events_of(record))
    return sum(len(point.metrics) + 1 for point in curve_of(record))


def _write(path: Path, events: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=APART, dir=path.parent, ignore_cleanup_errors=True) as apart:
        hidden = path.name.replace("tfevents", "events")  # a watching TensorBoard skips it
        unfinished = Path(apart) / (hidden + PARTIAL)
        unfinished.write_bytes(b"".join(map(framed, events)))
        flush(unfinished)
        os.replace(unfinished, path)
