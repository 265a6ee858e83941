"""Tools of others, each in the environment that `make exports` makes for them, and never imported here."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from podium.cli.app import app
from tests.cli.served import serving
from tests.results import a_summary
from tests.service import Service

ROOT = Path(__file__).parents[3]
FAR_SECONDS = 90.0
"""That a server may take to start."""

Read = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.tools)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the programs of the tools' environment. Without it the tests fail: they are not skipped."""
    folder = (ROOT / os.environ.get("PODIUM_TOOLS", ".venv-exports") / "bin").absolute()
    assert folder.is_dir(), f"{folder} is not there; `make exports` makes it"
    return folder


@pytest.fixture(scope="session")
def read_by(tools: Path) -> Read:
    """Run a script of this folder in the tools' environment, and return what it prints as JSON."""

    def run(script: str, *arguments: str, given: str | None = None) -> Any:
        command = [str(tools / "python"), "-P", str(Path(__file__).with_name(script)), *arguments]
        done = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def search(service: Service) -> Iterator[tuple[Service, str, str]]:
    """A service on a socket, with an experiment of the built-in trainer; its id, and the service's address."""
    experiment_id = service.create(
        trial=None,
        training={"dataset": "digits"},
        fidelity={"rungs": {"small": 2, "full": 4}},
        parameters={
            "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
            "batch_size": {"type": "integer", "low": 16, "high": 256, "scale": "log", "base": 2},
            "optimizer": {"type": "categorical", "choices": ["sgd", "adamw"]},
            "nesterov": {"type": "categorical", "choices": [True, False]},
        },
        baseline={"learning_rate": 0.1, "batch_size": 64, "optimizer": "sgd", "nesterov": False},
        budget={"runs": 8},
        parallelism=2,
    )
    go_on(service, 2)
    with serving(service.app) as url:
        yield service, experiment_id, url


def go_on(service: Service, rounds: int) -> None:
    """Let all runs in flight end, so many times over; full trainings leave their results."""
    for _ in range(rounds):
        service.settle()
        for number, job in enumerate(service.active()):
            given = service.assignment(job)
            if "results" in given:
                write_results(given["results"])
            service.finish(job, 0.5 + given["trial"] / 100 + number / 1000, val_loss=1 / given["trial"])
    service.settle()


def write_results(folder: str) -> None:
    where = Path(folder.removeprefix("file://"))
    (where / "mistakes").mkdir(parents=True, exist_ok=True)
    (where / "predictions.parquet").write_bytes(b"PAR1...PAR1")
    (where / "mistakes" / "00.png").write_bytes(b"\x89PNG...")
    (where / "summary.json").write_text(a_summary().model_dump_json())


def podium(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", url], prog_name="podium", catch_exceptions=False)


@contextlib.contextmanager
def running(command: list[str], folder: Path, asked: str) -> Iterator[None]:
    """Run a server of the tools' environment until the `with` block ends; it is there once `asked` is answered."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment |= {"PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}"}
    environment |= {"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(asked, process, folder / "log")
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + FAR_SECONDS
    while True:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
