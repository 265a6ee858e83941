"""`podium run` and `podium watch`: an experiment from its file to its end."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from podium.cli.address import DEFAULT_STATE_DIR, STATE_DIR_VARIABLE, controller_url
from podium.cli.following import Clock, show, snapshots
from podium.cli.local import LocalController, local_controller
from podium.cli.phrases import standing
from podium.cli.progress import has_ended
from podium.cli.reading import Target, Url
from podium.cli.tables import summary
from podium.cli.terminal import BadInput, remarks, results
from podium.client import NotFound, PodiumClient, PodiumError
from podium.documents import UnreadableDocument, read_document
from podium.faults import SpecRejected, parse_spec
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState
from podium.wire import Experiment, Trial

SpecFile = Annotated[Path, typer.Argument(metavar="FILE", help="The experiment spec, YAML or JSON.")]
Local = Annotated[bool, typer.Option("--local", help="Start a controller and its database here, just for this.")]
StateDir = Annotated[
    Path,
    typer.Option("--state-dir", envvar=STATE_DIR_VARIABLE, help="With --local: where the controller keeps its state."),
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Create the experiment, print its id, do not wait.")]


class NotFinished(PodiumError):
    """The experiment is paused and will not end by itself."""


def run(
    file: SpecFile,
    url: Url = None,
    local: Local = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    detach: Detach = False,
) -> None:
    """Create an experiment, watch it to its end and print what it found. Ctrl-C detaches."""
    spec = _read_spec(file)
    if local and url is not None:
        raise BadInput("--local starts a controller of its own; leave out --url")
    if local:
        _run_locally(spec, state_dir, detach)
        return
    with PodiumClient(controller_url(url, os.environ)) as client:
        experiment = client.create(spec, idempotency_key=uuid4().hex)
        if detach:
            _say_how_to_come_back(experiment.id, client.url)
            typer.echo(experiment.id)
        else:
            _watch(client, experiment.id)


def watch(experiment: Target, url: Url = None) -> None:
    """Watch an experiment to its end and print what it found. Ctrl-C detaches."""
    with PodiumClient(controller_url(url, os.environ)) as client:
        _watch(client, client.find(experiment).id)


def _read_spec(file: Path) -> ExperimentSpec:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file} is not UTF-8 text") from None
    try:
        return parse_spec(read_document(text))
    except UnreadableDocument as error:
        raise BadInput(f"{file}: {error}") from None
    except RecursionError:
        raise BadInput(f"{file} is nested too deeply") from None
    except SpecRejected as error:
        count = "1 fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
        raise BadInput(f"{file} has {count}", [str(fault) for fault in error.faults]) from None


def _run_locally(spec: ExperimentSpec, state_dir: Path, detach: bool) -> None:
    remarks().print(f"starting a controller in {state_dir} (the first start takes a few seconds)", soft_wrap=True)
    with local_controller(state_dir) as controller, PodiumClient(controller.url) as client:
        experiment = client.create(spec, idempotency_key=uuid4().hex)
        if detach:
            controller.stays = True
            _say_how_to_come_back(experiment.id, client.url, controller)
            typer.echo(experiment.id)
            return
        _watch(client, experiment.id, controller)


def _watch(client: PodiumClient, experiment_id: str, controller: LocalController | None = None) -> None:
    """Watch until the end and print the summary. Ctrl-C leaves everything running. Raises NotFinished."""
    when_away: Callable[[], None] = controller.check if controller is not None else _wait
    try:
        last = show(remarks(), snapshots(client, experiment_id, clock=Clock(), when_away=when_away))
    except KeyboardInterrupt:
        if controller is not None:
            controller.stays = True
        _say_how_to_come_back(experiment_id, client.url, controller)
        return
    if not has_ended(last):
        come_back = f"podium resume {experiment_id}, then podium watch {experiment_id}"
        if controller is not None:
            come_back = f"podium-controller up --state-dir {controller.state_dir}, {come_back}"
        raise NotFinished(f"{experiment_id} is {standing(last.state, last.message)}; continue it with: {come_back}")
    results().print(summary(last, _best_or_none(client, last)))
    _say_how_to_see_more(client, experiment_id, controller)


def _wait() -> None:
    """Nothing more is known about a controller elsewhere than that it does not answer."""


def _best_or_none(client: PodiumClient, experiment: Experiment) -> Trial | None:
    try:
        return client.best(experiment.id)
    except NotFound:
        return None


def _say_how_to_see_more(client: PodiumClient, experiment_id: str, controller: LocalController | None) -> None:
    """Name the command for it. A controller that was started for this experiment stays when another one needs it."""
    more = f"podium show {experiment_id} --url {client.url}"
    if controller is not None and controller.process is not None:
        controller.stays = next(client.experiments(state=ExperimentState.RUNNING), None) is not None
        if controller.stays:
            told = f"the controller stays, since other experiments run on it; {_how_to_stop(controller.state_dir)}"
            remarks().print(told, soft_wrap=True)
        else:
            more = f"podium-controller up --state-dir {controller.state_dir}, then podium show {experiment_id}"
    remarks().print(f"see more with: {more}", soft_wrap=True)


def _say_how_to_come_back(experiment_id: str, url: str, controller: LocalController | None = None) -> None:
    console = remarks()
    console.print(f"{experiment_id} goes on; come back with: podium watch {experiment_id} --url {url}", soft_wrap=True)
    if controller is not None:
        console.print(_how_to_stop(controller.state_dir), soft_wrap=True)


def _how_to_stop(state_dir: Path) -> str:
    return f"stop the controller with: podium-controller down --state-dir {state_dir}"
