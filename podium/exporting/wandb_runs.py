"""Offline runs of Weights & Biases, one for each trial, as `wandb sync` takes them, by the real `wandb`.

The form of its files is nobody's but its own; no request leaves the machine. A run's id is the experiment's and the
trial's: syncing an export that was made again updates the runs of the first one.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from podium import whole_folder
from podium.exporting.record import TrialRecord
from podium.exporting.series import curve_of
from podium.taxonomy import TrialState
from podium.wire import Experiment

FAILED = 1
"""The exit code by which W&B calls a run failed."""
OFFLINE = re.compile(r"offline-run-\d{8}_\d{6}-(?P<id>.+?-t\d+)(-\d+)?")
"""The folder of an offline run: the second at which it began, its id, and a number where that name was taken."""


class NoWandb(Exception):
    """wandb is not installed."""

    def __init__(self) -> None:
        super().__init__("offline runs are written by wandb, which is not installed: pip install 'podium[wandb]'")


def export(folder: Path, experiment: Experiment, records: Iterable[TrialRecord], *, project: str) -> int:
    """Write the runs of all trials below `folder/wandb`, in place of those of an earlier export; return how many.

    A run is written beside, and takes its place when it is whole: one that fails leaves the earlier one. Raises
    NoWandb, OSError, and what wandb raises.
    """
    try:
        import wandb  # noqa: PLC0415 - asked for here and nowhere else
    except ModuleNotFoundError:
        raise NoWandb from None
    runs = folder / "wandb"
    runs.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(
        console="off",
        silent=True,
        disable_git=True,
        disable_code=True,
        save_code=False,
        x_disable_stats=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
    )
    count = 0
    with tempfile.TemporaryDirectory(prefix=".podium-", dir=folder) as beside:
        for record in records:
            earlier = runs_of(runs, id_of(experiment, record))
            new = _write(wandb, settings, Path(beside), (experiment, record), project)
            whole_folder.put(new, runs / new.name)
            for replaced in earlier:
                if replaced.name != new.name:  # two exports within one second give one name
                    shutil.rmtree(replaced)
            count += 1
    return count


def runs_of(folder: Path, run_id: str) -> list[Path]:
    """Return the offline runs in a folder that have this id, and not one that ends like it."""
    return [path for path in folder.iterdir() if (found := OFFLINE.fullmatch(path.name)) and found["id"] == run_id]


def id_of(experiment: Experiment, record: TrialRecord) -> str:
    return f"{experiment.id}-t{record.trial.number}"


def _write(wandb: Any, settings: Any, folder: Path, told: tuple[Experiment, TrialRecord], project: str) -> Path:
    """Write a run below `folder/wandb`; return its folder."""
    # Any: wandb is not installed where this is checked
    experiment, record = told
    trial, last = record.trial, record.runs[-1] if record.runs else None
    reason = last.end_reason.value if last and last.end_reason else None
    run = wandb.init(
        mode="offline",
        dir=str(folder),
        project=project,
        group=experiment.id,
        job_type="baseline" if trial.is_baseline else "trial",
        name=f"trial {trial.number}",
        id=id_of(experiment, record),
        config={**trial.configuration},
        tags=[f"state: {trial.state.value}", *([f"end: {reason}"] if reason else [])],
        settings=settings,
        reinit="create_new",
    )
    with _finishing(run, FAILED if trial.state is TrialState.FAILED else 0):
        for point in curve_of(record):
            run.log({**point.metrics, "podium/seconds": point.seconds, "_timestamp": point.at}, step=point.epoch)
        run.summary.update(
            {
                "podium/experiment": experiment.id,
                "podium/trial": trial.number,
                "podium/state": trial.state.value,
                "podium/end_reason": reason,
                "podium/value": trial.value,
                "podium/cost": sum(each.cost for each in record.runs),
            }
        )
    [written] = runs_of(folder / "wandb", id_of(experiment, record))
    return written


@contextmanager
def _finishing(run: Any, exit_code: int) -> Iterator[None]:
    """Finish the run also where telling it fails: wandb's own process waits for it, and holds its files."""
    try:
        yield
    except BaseException:
        run.finish(exit_code=FAILED)
        raise
    run.finish(exit_code=exit_code)
