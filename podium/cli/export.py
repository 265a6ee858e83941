"""`podium export`: an experiment's trials and all that they measured, as files and for other tools."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, assert_never

import typer

from podium.address import find_address
from podium.cli.output import quietly
from podium.cli.reading import Target, Url
from podium.cli.terminal import BadInput, remarks
from podium.client import NotFound, PodiumError
from podium.exporting import csv_files, mlflow_runs, tables, tensorboard, wandb_runs
from podium.exporting.columns import trial_columns, trial_row
from podium.exporting.mlflow_api import Credentials, MlflowServer, NotAServer
from podium.exporting.parquet_files import NoPyArrow
from podium.exporting.reading import ExportClient
from podium.exporting.shown_address import without_user
from podium.exporting.spool import Spool
from podium.exporting.tensorboard import FolderOfAnother
from podium.exporting.wandb_runs import NoWandb
from podium.results import SUMMARY
from podium.wire import Experiment

EXPORT_SECONDS = 60.0
"""A page of trials with all their epochs takes the controller longer than most answers."""


class Road(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    MLFLOW = "mlflow"
    TENSORBOARD = "tensorboard"
    WANDB = "wandb"


class NotInstalled(PodiumError):
    """A package that this road needs is missing; the message names the extra."""


To = Annotated[Road, typer.Option("--to", help="What to write.")]
Where = Annotated[
    str | None,
    typer.Argument(metavar="[WHERE]", help="A folder or file; for mlflow the server, as http://HOST:5000."),
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", help="The same as WHERE.  [default: trials as CSV, on the screen]")
]
ExperimentName = Annotated[
    str | None,
    typer.Option("--experiment-name", help="MLflow's experiment, or W&B's project.  [default: the experiment's name]"),
]
Artifacts = Annotated[
    bool,
    typer.Option("--artifacts/--no-artifacts", help="For mlflow: take along spec and results of full trainings."),
]


@quietly
def export(  # noqa: PLR0913,PLR0917  # typer reads options from parameters
    experiment: Target,
    where: Where = None,
    to: To = Road.CSV,
    output: Output = None,
    experiment_name: ExperimentName = None,
    artifacts: Artifacts = True,
    url: Url = None,
) -> None:
    """Write trials and measurements as CSV or Parquet, or tell MLflow, TensorBoard or Weights & Biases of them."""
    if where is not None and output is not None:
        raise BadInput(f"say once where to write, found {without_user(where)} and --output {without_user(output)}")
    place = where or output
    if place is None and to is not Road.CSV:
        raise BadInput(f"say where: podium export {experiment} --to {to.value} {'URI' if to is Road.MLFLOW else 'DIR'}")
    address = find_address(url, None, os.environ)
    with ExportClient(address.url, token=address.token, timeout_seconds=EXPORT_SECONDS) as client:
        found = client.find(experiment)
        with Spool(client.records(found.id)) as spool:
            if place is None:
                _print(spool, found)
                return
            try:
                remarks().print(_write(client, found, spool, to, place, experiment_name or found.name, artifacts))
            except (NoPyArrow, NoWandb) as error:
                raise NotInstalled(str(error)) from None
            except (FolderOfAnother, NotAServer) as error:
                raise BadInput(str(error)) from None


def _write(  # noqa: PLR0913,PLR0917 - what the command was given
    client: ExportClient, found: Experiment, spool: Spool, to: Road, place: str, name: str, artifacts: bool
) -> str:
    """Write to where it was said; return a line about it."""
    match to:
        case Road.CSV | Road.PARQUET:
            return _write_tables(Path(place), found, spool, "csv" if to is Road.CSV else "parquet")
        case Road.TENSORBOARD:
            count = tensorboard.write_folder(Path(place), found, spool)
            return f"wrote {count} scalars of {spool.trials} trials; look with: tensorboard --logdir {place}"
        case Road.WANDB:
            count = wandb_runs.export(Path(place), found, spool, project=name)
            return f"wrote {count} offline runs; send them with: wandb sync {place}/wandb/offline-run-*"
        case Road.MLFLOW:
            with MlflowServer(place, _mlflow_credentials(os.environ)) as server:
                files = _Results(client, found.id) if found.spec.training is not None else _no_files
                done = mlflow_runs.export(server, found, spool, name=name, results=files if artifacts else None)
            return (
                f"run {done.parent_run} in MLflow's experiment {name}: {done.created} trials new, "
                f"{done.updated} updated, {done.unchanged} unchanged"
            )
        case _ as unknown:
            assert_never(unknown)


def _write_tables(place: Path, found: Experiment, spool: Spool, form: tables.Format) -> str:
    if place.suffix == f".{form}" and not place.is_dir():
        count = tables.write_trials(place, spool, found.spec.parameters, form)
        return f"wrote {count} trials to {place}"
    if place.suffix in (".csv", ".parquet") and not place.is_dir():
        raise BadInput(f"{place} is to be {form}; name it .{form}, or give --to {place.suffix.removeprefix('.')}")
    written = tables.write_folder(place, spool, found.spec.parameters, form)
    return "wrote " + ", ".join(f"{count} rows to {path}" for path, count in written.items())


def _print(spool: Spool, found: Experiment) -> None:
    columns = trial_columns(found.spec.parameters, spool.metrics)
    csv_files.write_table(_Screen(), columns, (trial_row(record, columns) for record in spool))


class _Screen:
    """Standard output as a file of text, its line ends left as they are."""

    def write(self, text: str, /) -> int:
        typer.echo(text, nl=False)
        return len(text)


class _Results:
    """The files of a trial's results, by their paths in MLflow."""

    def __init__(self, client: ExportClient, experiment_id: str) -> None:
        self._client, self._experiment_id = client, experiment_id

    def __call__(self, number: int) -> Mapping[str, bytes]:
        try:
            summary = self._client.results(self._experiment_id, number)
            files = {
                f"results/{name}": self._client.result_file(self._experiment_id, number, name)
                for name in summary.files()
            }
        except NotFound as error:
            remarks().print(f"trial {number} goes without results: {error}", soft_wrap=True)
            return {}
        return {f"results/{SUMMARY}": summary.model_dump_json(indent=2).encode(), **files}


def _no_files(number: int) -> Mapping[str, bytes]:
    return {}


def _mlflow_credentials(environment: Mapping[str, str]) -> Credentials:
    """Read what MLflow's own client reads."""
    return Credentials(
        token=environment.get("MLFLOW_TRACKING_TOKEN"),
        username=environment.get("MLFLOW_TRACKING_USERNAME"),
        password=environment.get("MLFLOW_TRACKING_PASSWORD"),
    )
