"""Commands that change an experiment: `stop`, `pause`, `resume` and `delete`."""

import sys
from typing import Annotated

import typer

from podium.cli.phrases import standing
from podium.cli.reading import Target, Url, connect
from podium.cli.terminal import BadInput
from podium.wire import Experiment

OneTrial = Annotated[int | None, typer.Option("--trial", help="Stop only the trial of this number.", min=1)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def stop(experiment: Target, trial: OneTrial = None, url: Url = None) -> None:
    """End an experiment, or one trial of it, for good. Results stay."""
    with connect(url) as client:
        found = client.find(experiment)
        if trial is None:
            _say(client.stop(found.id))
        else:
            stopped = client.stop_trial(found.id, trial)
            typer.echo(f"trial {stopped.number} of {found.id} is {stopped.state}")


def pause(experiment: Target, url: Url = None) -> None:
    """Start nothing new; runs in flight finish."""
    with connect(url) as client:
        _say(client.pause(client.find(experiment).id))


def resume(experiment: Target, url: Url = None) -> None:
    """Continue a paused experiment."""
    with connect(url) as client:
        _say(client.resume(client.find(experiment).id))


def delete(experiment: Target, yes: Yes = False, url: Url = None) -> None:
    """Delete an experiment that does not run, with all its results."""
    with connect(url) as client:
        found = client.find(experiment)
        if not yes:
            if not sys.stdin.isatty():
                raise BadInput(f"nobody is here to ask; delete {found.id} with --yes")
            typer.confirm(f"Delete {found.id} and its {sum(found.progress.trials.values())} trials?", abort=True)
        client.delete(found.id)
    typer.echo(f"{found.id} is deleted")


def _say(experiment: Experiment) -> None:
    typer.echo(f"{experiment.id} is {standing(experiment.state, experiment.message)}")
