"""Commands that change an experiment: `change`, `stop`, `pause`, `resume` and `delete`."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from pydantic import ValidationError

from podium.cli.output import Answer, answers, quietly
from podium.cli.phrases import standing
from podium.cli.reading import Target, Url, connect
from podium.cli.terminal import BadInput, say
from podium.faults import faults_of
from podium.wire import Experiment, ExperimentChange

OneTrial = Annotated[int | None, typer.Option("--trial", help="Stop only the trial of this number.", min=1)]
Cost = Annotated[float | None, typer.Option("--cost", help="The budget, in full trainings.")]
Runs = Annotated[int | None, typer.Option("--runs", help="The budget, in runs.")]
Hours = Annotated[float | None, typer.Option("--hours", help="The budget, in hours of training.")]
Money = Annotated[float | None, typer.Option("--money", help="The budget, in the currency of pricePerHour.")]
Parallelism = Annotated[int | None, typer.Option("--parallelism", help="How many runs at a time.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@answers
def change(  # noqa: PLR0913,PLR0917  # typer reads options from parameters
    experiment: Target,
    cost: Cost = None,
    runs: Runs = None,
    hours: Hours = None,
    money: Money = None,
    parallelism: Parallelism = None,
    url: Url = None,
) -> Answer:
    """Change an experiment's budget or parallelism while it lives. What is not named stays."""
    wanted = _change({"cost": cost, "runs": runs, "hours": hours, "money": money}, parallelism)
    with connect(url) as client:
        changed = client.change(client.find(experiment).id, wanted)
    limits = changed.spec.budget.model_dump(exclude_none=True) | {"parallelism": changed.spec.parallelism}
    said = f"{changed.id} has {', '.join(f'{name} {limit:g}' for name, limit in limits.items())}"
    return Answer(document=changed, view=said)


@answers
def stop(experiment: Target, trial: OneTrial = None, url: Url = None) -> Answer:
    """End an experiment for good, or one trial of it at its next report. Results stay."""
    with connect(url) as client:
        found = client.find(experiment)
        if trial is None:
            return _standing(client.stop(found.id))
        stopped = client.stop_trial(found.id, trial)
    return Answer(document=stopped, view=f"trial {stopped.number} of {found.id} stops at its next report")


@answers
def pause(experiment: Target, url: Url = None) -> Answer:
    """Start nothing new; runs in flight finish."""
    with connect(url) as client:
        return _standing(client.pause(client.find(experiment).id))


@answers
def resume(experiment: Target, url: Url = None) -> Answer:
    """Continue a paused experiment."""
    with connect(url) as client:
        return _standing(client.resume(client.find(experiment).id))


@quietly
def delete(experiment: Target, yes: Yes = False, url: Url = None) -> None:
    """Delete an experiment that does not run, with all its results."""
    with connect(url) as client:
        found = client.find(experiment)
        if not yes:
            if not sys.stdin.isatty():
                raise BadInput(f"nobody is here to ask; delete {found.id} with --yes")
            typer.confirm(f"Delete {found.id} and its {sum(found.progress.trials.values())} trials?", abort=True)
        client.delete(found.id)
    say(f"{found.id} is deleted")


def _change(limits: Mapping[str, float | None], parallelism: int | None) -> ExperimentChange:
    budget = {name: limit for name, limit in limits.items() if limit is not None}
    asked = {"budget": budget or None, "parallelism": parallelism}
    document = {name: value for name, value in asked.items() if value is not None}
    if not document:
        raise BadInput("name what to change: --cost, --runs, --hours, --money, --parallelism")
    try:
        return ExperimentChange.model_validate(document)
    except ValidationError as error:
        faults = faults_of(error.errors(), document)
        raise BadInput("the change has faults", [str(fault) for fault in faults]) from None


def _standing(experiment: Experiment) -> Answer:
    return Answer(document=experiment, view=f"{experiment.id} is {standing(experiment.state, experiment.message)}")
