"""Offline runs of Weights & Biases, one for each trial, as `wandb sync` takes them, by the real `wandb`.

The form of its files is nobody's but its own; no request leaves the machine. A run's id is the experiment's and the
trial's: syncing an export that was made again updates the runs of the first one.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from podium.exporting.record import TrialRecord
from podium.exporting.series import curve_of
from podium.taxonomy import TrialState
from podium.wire import Experiment

FAILED = 1
"""The exit code by which W&B calls a run failed."""


class NoWandb(Exception):
    """wandb is not installed."""

    def __init__(self) -> None:
        super().__init__("offline runs are written by wandb, which is not installed: pip install 'podium[wandb]'")


def export(folder: Path, experiment: Experiment, records: Iterable[TrialRecord], *, project: str) -> int:
    """Write the runs of all trials below `folder/wandb`, in place of those of an earlier export; return how many."""
    try:
        import wandb  # noqa: PLC0415 - asked for here and nowhere else
    except ModuleNotFoundError:
        raise NoWandb from None
    folder.mkdir(parents=True, exist_ok=True)
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
    for record in records:
        run_id = id_of(experiment, record)
        earlier = list((folder / "wandb").glob(f"offline-run-*-{run_id}"))
        _write(wandb, settings, folder, (experiment, record), project)
        for replaced in earlier:
            shutil.rmtree(replaced)
        count += 1
    return count


def id_of(experiment: Experiment, record: TrialRecord) -> str:
    return f"{experiment.id}-t{record.trial.number}"


def _write(wandb: Any, settings: Any, folder: Path, told: tuple[Experiment, TrialRecord], project: str) -> None:
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
    run.finish(exit_code=FAILED if trial.state is TrialState.FAILED else 0)
