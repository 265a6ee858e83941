"""`podium run` and `podium watch`: an experiment from its file to its end."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from podium.access import PROJECT_VARIABLE
from podium.address import DEFAULT_STATE_DIR, STATE_DIR_VARIABLE, TOKEN_FILE, kept_token
from podium.blocking.following import Clock, snapshots
from podium.cli.following import show
from podium.cli.local import LocalController, local_controller
from podium.cli.output import Answer, answers
from podium.cli.phrases import standing
from podium.cli.reading import Target, Url, connect
from podium.cli.tables import summary
from podium.cli.terminal import BadInput, remarks
from podium.client import NotFound, PodiumClient, PodiumError
from podium.documents import UnreadableDocument, read_document
from podium.faults import SpecRejected, parse_spec
from podium.snapshot import has_ended
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState
from podium.wire import Experiment, Trial

SpecFile = Annotated[Path, typer.Argument(metavar="FILE", help="The experiment spec, YAML or JSON.")]
Local = Annotated[bool, typer.Option("--local", help="Start a controller and its database here, just for this.")]
StateDir = Annotated[
    Path,
    typer.Option("--state-dir", envvar=STATE_DIR_VARIABLE, help="With --local: where the controller keeps its state."),
]
Project = Annotated[
    str | None, typer.Option("--project", envvar=PROJECT_VARIABLE, help="To which it belongs; by default your token's.")
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Create the experiment, print its id, do not wait.")]


class NotFinished(PodiumError):
    """The experiment is paused and will not end by itself."""


class NothingFound(PodiumError):
    """The experiment has ended without a trial that was trained in full."""


@answers
def run(  # noqa: PLR0913,PLR0917  # typer reads options from parameters
    file: SpecFile,
    url: Url = None,
    local: Local = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    detach: Detach = False,
    project: Project = None,
) -> Answer:
    """Create an experiment, watch it to its end and print what it found. Ctrl-C detaches."""
    spec = _read_spec(file)
    if local and url is not None:
        raise BadInput("--local starts a controller of its own; leave out --url")
    if local:
        return _run_locally(spec, state_dir, detach, project)
    with connect(url) as client:
        experiment = client.create(spec, idempotency_key=uuid4().hex, project=project)
        return _detach(experiment, client.url) if detach else _watch(client, experiment.id)


@answers
def watch(experiment: Target, url: Url = None) -> Answer:
    """Watch an experiment to its end and print what it found. Ctrl-C detaches."""
    with connect(url) as client:
        return _watch(client, client.find(experiment).id)


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
    except SpecRejected as error:
        count = "1 fault" if len(error.faults) == 1 else f"{len(error.faults)} faults"
        raise BadInput(f"{file} has {count}", [str(fault) for fault in error.faults]) from None


def _run_locally(spec: ExperimentSpec, state_dir: Path, detach: bool, project: str | None) -> Answer:
    remarks().print(f"starting a controller in {state_dir} (the first start takes a few seconds)", soft_wrap=True)
    with local_controller(state_dir) as controller, _client_of(controller) as client:
        goes_on = False
        _say_where_to_look(controller)
        try:
            experiment = client.create(spec, idempotency_key=uuid4().hex, project=project)
            last = None if detach else _follow(client, experiment.id, controller.check)
            goes_on = last is None
        finally:  # however the watch ended, others may have come to need the controller
            controller.stays = goes_on or _is_needed(controller, client)
        if detach:
            return _detach(experiment, client.url, controller)
        return _conclude(client, experiment.id, last, controller)


def _client_of(controller: LocalController) -> PodiumClient:
    return PodiumClient(controller.url, token=kept_token(controller.url, controller.state_dir))


def _say_where_to_look(controller: LocalController) -> None:
    """Tell who sits at a terminal where the pages are, and where the token that opens them is kept."""
    path = controller.state_dir / TOKEN_FILE
    if controller.process is not None and path.exists() and remarks().is_terminal:
        remarks().print(f"in a browser: {controller.url}/sign-in, with the token in {path}", soft_wrap=True)


def _is_needed(controller: LocalController, client: PodiumClient) -> bool:
    """Say whether experiments run on the controller that would stop now; one that cannot be asked is left alone."""
    if controller.process is None or controller.process.poll() is not None:
        return False
    try:
        running = next(client.experiments(state=ExperimentState.RUNNING), None)
    except PodiumError as error:
        reason = f"it could not be asked whether experiments run on it ({error})"
    else:
        if running is None:
            return False
        reason = f"{running.id} runs on it"
    remarks().print(f"the controller stays: {reason}; {_how_to_stop(controller.state_dir)}", soft_wrap=True)
    return True


def _watch(client: PodiumClient, experiment_id: str) -> Answer:
    return _conclude(client, experiment_id, _follow(client, experiment_id))


def _follow(client: PodiumClient, experiment_id: str, when_away: Callable[[], None] | None = None) -> Experiment | None:
    """Watch an experiment until it is at rest; return it, or None after Ctrl-C, which leaves everything running."""
    try:
        return show(remarks(), snapshots(client, experiment_id, clock=Clock(), when_away=when_away))
    except KeyboardInterrupt:
        return None


def _conclude(
    client: PodiumClient, experiment_id: str, last: Experiment | None, controller: LocalController | None = None
) -> Answer:
    """Say what came of the watch, and what can be done next. Raises NotFinished."""
    if last is None:
        _say_how_to_come_back(experiment_id, client.url, controller)
        return Answer(document=None, view="")
    podium = _command(controller)
    is_over = controller is not None and controller.will_stop
    start_again = f"podium-controller up --state-dir {controller.state_dir}, then " if controller and is_over else ""
    if not has_ended(last):
        come_back = f"{start_again}{podium} resume {experiment_id}, then {podium} watch {experiment_id}"
        raise NotFinished(f"{experiment_id} is {standing(last.state, last.message)}; continue it with: {come_back}")
    best = _best_or_none(client, last)
    where = "" if is_over else f" --url {client.url}"
    remarks().print(f"see more with: {start_again}{podium} show {experiment_id}{where}", soft_wrap=True)
    nothing = NothingFound(f"{experiment_id} found nothing: no trial of it was trained in full")
    trouble = nothing if best is None else None
    return Answer(document=last, view=summary(last, best), names=[last.id], trouble=trouble)


def _best_or_none(client: PodiumClient, experiment: Experiment) -> Trial | None:
    try:
        return client.best(experiment.id)
    except NotFound:
        return None


def _detach(experiment: Experiment, url: str, controller: LocalController | None = None) -> Answer:
    _say_how_to_come_back(experiment.id, url, controller)
    return Answer(document=experiment, view=experiment.id, names=[experiment.id])


def _say_how_to_come_back(experiment_id: str, url: str, controller: LocalController | None = None) -> None:
    console = remarks()
    watch = f"{_command(controller)} watch {experiment_id} --url {url}"
    console.print(f"{experiment_id} goes on; come back with: {watch}", soft_wrap=True)
    if controller is not None:
        console.print(_how_to_stop(controller.state_dir), soft_wrap=True)


def _command(controller: LocalController | None) -> str:
    """Return how to call `podium` so that it finds the token of a controller of one's own."""
    if controller is None or controller.state_dir == DEFAULT_STATE_DIR:
        return "podium"
    return f"{STATE_DIR_VARIABLE}={shlex.quote(str(controller.state_dir))} podium"


def _how_to_stop(state_dir: Path) -> str:
    return f"stop the controller with: podium-controller down --state-dir {state_dir}"
