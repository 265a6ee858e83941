"""Commands that only read: `ls`, `show`, `best`, `trials` and `trial`."""

import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType

from podium.cli.completion import experiment_ids
from podium.cli.download import download_model
from podium.cli.output import Answer, answers
from podium.cli.progress import progress_view
from podium.cli.tables import (
    best_view,
    experiments_table,
    front_view,
    trial_view,
    trials_table,
    troubles_view,
    under_way_view,
)
from podium.cli.terminal import remarks
from podium.client import Client
from podium.documents import write_document
from podium.snapshot import utc_now
from podium.taxonomy import ExperimentState
from podium.wire import URL_VARIABLE

Target = Annotated[
    str,
    typer.Argument(
        metavar="EXPERIMENT",
        help="An experiment's id, or its name if no other has it.",
        autocompletion=experiment_ids,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", help=f"The controller's address. [default: {URL_VARIABLE}, podium login's, what runs in ./.podium]"
    ),
]
State = Annotated[ExperimentState | None, typer.Option("--state", help="Only experiments in this state.")]
Name = Annotated[str | None, typer.Option("--name", help="Only experiments of this name.")]
InProject = Annotated[str | None, typer.Option("--project", help="Only experiments of this project.")]
Number = Annotated[int, typer.Argument(metavar="TRIAL", help="The trial's number.", min=1)]
Download = Annotated[
    Path | None,
    typer.Option("--download", metavar="DIR", help="Save its model there, with a load_model() that needs torch only."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a model that was downloaded there before.")]
AsYaml = Annotated[bool, typer.Option("--yaml", help="Print the configuration alone, as YAML.")]


@answers
def ls(state: State = None, name: Name = None, project: InProject = None, url: Url = None) -> Answer:
    """List experiments."""
    with connect(url) as client:
        found = list(client.experiments(state=state, name=name, project=project))
    return Answer(document=found, view=experiments_table(found, utc_now()), names=[each.id for each in found])


@answers
def show(experiment: Target, url: Url = None) -> Answer:
    """Show where an experiment stands, how far long epochs are, and what went wrong."""
    with connect(url) as client:
        found = client.find(experiment)
        runs = list(client.runs(found.id))
    views = (progress_view(found, runs, utc_now()), under_way_view(runs), troubles_view(runs))
    view = Group(*(view for view in views if view is not None))
    return Answer(document=found, view=view, names=[found.id])


@answers
def best(
    experiment: Target,
    as_yaml: AsYaml = False,
    download: Download = None,
    force: Force = False,
    url: Url = None,
) -> Answer:
    """Print the best configuration that was trained in full, beside the baseline; of several objectives, the front."""
    with connect(url) as client:
        found = client.find(experiment)
        trial = client.best(found.id)
        others = [objective.metric for objective in found.spec.other_objectives]
        front = client.front(found.id) if others and not as_yaml else []
    if download is not None:
        download_model(url, found, trial, download, force=force)
    if as_yaml:
        view: RenderableType = write_document(trial.configuration).rstrip("\n")
    else:
        shown = [front_view([found.spec.objective.metric, *others], front)] if front else []
        view = Group(best_view(found, trial), *shown)
    return Answer(document=trial, view=view, names=[trial.number])


@answers
def trials(experiment: Target, url: Url = None) -> Answer:
    """List an experiment's trials."""
    with connect(url) as client:
        found = client.find(experiment)
        listed = list(client.trials(found.id))
    view = trials_table(listed, found.spec.objective.metric)
    return Answer(document=listed, view=view, names=[each.number for each in listed])


@answers
def trial(experiment: Target, number: Number, url: Url = None) -> Answer:
    """Show one trial: its configuration, its runs, and why each attempt ended."""
    with connect(url) as client:
        found = client.find(experiment)
        detail = client.trial(found.id, number)
    return Answer(document=detail, view=trial_view(detail, found.spec.objective.metric), names=[detail.number])


def connect(url: str | None, *, timeout_seconds: float = 10.0) -> Client:
    """Return a client of the controller that is meant, and say what the user had better know of its token's file."""
    with warnings.catch_warnings(record=True) as remarked:
        warnings.simplefilter("always")
        client = Client(url, timeout_seconds=timeout_seconds)
    for remark in remarked:
        remarks().print(f"podium: {remark.message}", soft_wrap=True)
    return client
