"""`podium-controller`: the service's commands. The only place that knows the environment, signals and exit codes."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, assert_never

import structlog
import typer
from sqlalchemy.exc import OperationalError

from controller.announcement import AlreadyUp, announced, end, only_one
from controller.cluster import Cluster
from controller.database import DatabaseUnusable, is_reachable, migrate, open_engine, require_migrated
from controller.doctor import store_finding, tell
from controller.embedded import embedded_postgres
from controller.logs import configure_logs
from controller.processes import ProcessCluster
from controller.service import Parts, Says, listen, probing, reconciling, serving
from controller.settings import ADMIN_TOKEN_FILE, BadSettings, Settings, artifacts_url, read_settings
from podium.diagnosis import Finding

WATCH_SECONDS = 0.2
DOWN_SECONDS = 60.0
SWITCH_SECONDS = 0.001
"""`up` is API and reconciler in one process: no request waits longer for its turn while a pass is made."""

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Podium's service: API, reconciler, migrations.")
log = structlog.get_logger()

StateDir = Annotated[Path | None, typer.Option(help="Embedded database, Jobs and artifacts. [PODIUM_STATE_DIR]")]
Host = Annotated[str | None, typer.Option(help="Address to listen on. [PODIUM_HOST]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on, 0 for a free one. [PODIUM_PORT]")]
WaitSeconds = Annotated[float, typer.Option(min=0, help="Wait so long for a database that does not answer yet.")]
ReadyFile = Annotated[Path | None, typer.Option(help="Write the API's URL here once it serves.")]


def main() -> None:
    configure_logs()
    try:
        app()
    except (BadSettings, DatabaseUnusable, AlreadyUp, OSError) as error:
        sys.exit(_one_line(str(error)))
    except OperationalError as error:
        sys.exit(_one_line(f"the database does not answer: {error.orig}"))


def _one_line(message: str) -> str:
    return "podium-controller: " + " ".join(message.split())


@app.command()
def up(state_dir: StateDir = None, host: Host = None, port: Port = None, ready_file: ReadyFile = None) -> None:
    """Run everything on this machine: PostgreSQL unless PODIUM_DATABASE_URL names one, API, reconciler, workers."""
    settings = _settings(state_dir=state_dir, host=host, port=port)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    with until_signal() as is_asked_to_stop, only_one(settings.state_dir), ExitStack() as stack:
        url = settings.database_url or stack.enter_context(embedded_postgres(settings.state_dir))
        parts = _parts(settings, url)
        migrate(parts.engine)
        is_first = not (settings.state_dir / ADMIN_TOKEN_FILE).exists()
        sys.setswitchinterval(SWITCH_SECONDS)
        listener = listen(settings.host, settings.port)
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        api = stack.enter_context(serving(parts, listener))
        cluster = _local_cluster(settings)
        loop = stack.enter_context(reconciling(parts, cluster, settings.worker_url or address))
        stack.enter_context(announced(settings.state_dir, address, ready_file))
        log.info("podium is up", url=address, state_dir=str(settings.state_dir))
        if is_first:
            _say_the_token(settings, address)
        _wait(is_asked_to_stop, [api, loop])


@app.command()
def down(state_dir: StateDir = None) -> None:
    """Stop the `up` of a state directory. Its workers go on; the next `up` finds them."""
    settings = _settings(state_dir=state_dir)
    was_up = end(settings.state_dir, DOWN_SECONDS)
    typer.echo(f"{'stopped what was' if was_up else 'nothing is'} up in {settings.state_dir}")


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Serve the API against PODIUM_DATABASE_URL."""
    settings = _settings(host=host, port=port)
    parts = _parts(settings, _named_database(settings))
    require_migrated(parts.engine)
    listener = listen(settings.host, settings.port)
    with until_signal() as is_asked_to_stop, serving(parts, listener) as api, probing(parts, api):
        log.info("serving", url=f"http://{settings.host}:{listener.getsockname()[1]}")
        _wait(is_asked_to_stop, [api])


@app.command()
def reconcile(state_dir: StateDir = None) -> None:
    """Run the reconciler against PODIUM_DATABASE_URL, with workers where PODIUM_CLUSTER says."""
    settings = _settings(state_dir=state_dir)
    parts = _parts(settings, _named_database(settings))
    require_migrated(parts.engine)
    worker_url = settings.worker_url or f"http://{settings.host}:{settings.port}"
    with until_signal() as is_asked_to_stop, ExitStack() as stack:
        if settings.cluster == "processes":
            stack.enter_context(only_one(settings.state_dir))
        loop = stack.enter_context(reconciling(parts, _cluster(settings), worker_url))
        _wait(is_asked_to_stop, [loop])


@app.command("migrate")
def migrate_command(wait_seconds: WaitSeconds = 0.0) -> None:
    """Bring the schema of PODIUM_DATABASE_URL to what this version needs."""
    settings = _settings()
    engine = _parts(settings, _named_database(settings)).engine
    deadline = time.monotonic() + wait_seconds
    while not is_reachable(engine) and time.monotonic() < deadline:
        log.info("the database does not answer yet; waiting")
        time.sleep(1)
    migrate(engine)
    typer.echo("the database is up to date")


@app.command()
def doctor(state_dir: StateDir = None) -> None:
    """Try from here what only a controller can: the artifact store, and what the cluster allows; 1 on a fault."""
    settings = _settings(state_dir=state_dir)
    if not tell([store_finding(artifacts_url(settings)), *_cluster_findings(settings)]):
        raise typer.Exit(1)


@contextmanager
def until_signal() -> Iterator[Says]:
    """Yield a function that says whether SIGTERM, SIGINT or SIGHUP has come. The handler only takes a note.

    SIGHUP comes when the terminal is closed; under `nohup` it is ignored already, and stays so.
    """
    received: list[int] = []

    def note(number: int, frame: object) -> None:
        received.append(number)

    heard = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in heard}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _settings(**options: object) -> Settings:
    settings = read_settings(**options)
    configure_logs(settings.log_level)
    return settings


def _say_the_token(settings: Settings, address: str) -> None:
    """Show the token that was just made, this once, to whoever sits at a terminal. A log is to hold none."""
    path = settings.state_dir / ADMIN_TOKEN_FILE
    if sys.stdout.isatty() and path.exists():
        typer.echo(f"sign in at {address}/sign-in with this token, which is kept in {path}:\n{path.read_text()}")


def _parts(settings: Settings, database_url: str) -> Parts:
    engine = open_engine(database_url, settings.database_pool)
    return Parts(settings=settings, engine=engine, database_url=database_url)


def _cluster(settings: Settings) -> Cluster:
    match settings.cluster:
        case "processes":
            return _local_cluster(settings)
        case "kubernetes":
            from controller.kubernetes.connection import connect  # noqa: PLC0415  # 40 MB that only this branch needs

            return connect(settings.namespace, owner=settings.owner, creates_per_second=settings.creates_per_second)
        case _ as unknown:
            assert_never(unknown)


def _cluster_findings(settings: Settings) -> list[Finding]:
    if settings.cluster != "kubernetes":
        return []
    from controller.kubernetes.connection import examine  # noqa: PLC0415  # 40 MB that only this branch needs

    return examine(settings.namespace)


def _local_cluster(settings: Settings) -> ProcessCluster:
    folder = settings.state_dir / "jobs"
    return ProcessCluster(folder, environment=os.environ, cpus_per_job=settings.cpus_per_job)


def _named_database(settings: Settings) -> str:
    if settings.database_url is None:
        raise BadSettings("PODIUM_DATABASE_URL is not set; name a PostgreSQL, or use `podium-controller up`")
    return settings.database_url


def _wait(is_asked_to_stop: Says, parts: list[Says]) -> None:
    while not is_asked_to_stop():
        if not all(is_alive() for is_alive in parts):
            raise typer.Exit(1)  # a part died; its log line says why, and a supervisor starts us again
        time.sleep(WATCH_SECONDS)


if __name__ == "__main__":
    main()
