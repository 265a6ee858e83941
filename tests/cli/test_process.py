"""The command as a process: signals, pipes, and a controller of its own for --local."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from podium.client import PodiumClient
from tests.cli.stand_in import SPEC, World, a_trial, an_experiment

REPOSITORY = Path(__file__).parents[2]
PODIUM = [sys.executable, "-c", "from podium.cli import main; main()"]


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Let SIGINT reach the commands: what a shell starts in the background ignores it, and so would its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which `python -m controller` is the stand-in."""
    package = tmp_path / "site" / "controller"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("from tests.cli.stand_in_controller import main\nmain()\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PODIUM_", "COLUMNS"))}
    return {**kept, "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{REPOSITORY}", "STAND_IN": "end"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A folder to run in, whose controller does not outlive the test."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "digits.yaml").write_text(json.dumps(SPEC))
    yield folder
    pid_file = folder / ".podium" / "controller.pid"
    if pid_file.exists():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid_file.read_text()))
            if any(str(folder) in word for word in process.cmdline()):  # else the number has a new owner
                process.kill()


def start(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PODIUM, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 30) -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=timeout)
    return process.returncode, stdout, stderr


def wait_for_line(process: subprocess.Popen[str], part: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if part in line:
            return line
    raise AssertionError(f"no line with {part!r}; exit {process.wait()}")


def test_ctrl_c_detaches_and_says_how_to_come_back(
    url: str, world: World, environment: dict[str, str], workspace: Path
) -> None:
    world.add(an_experiment(), *[an_experiment()] * 600)
    process = start(environment, workspace, "watch", "digits", "--url", url)
    wait_for_line(process, "digits-k3f9 running")
    process.send_signal(signal.SIGINT)
    assert finish(process) == (0, "", f"digits-k3f9 goes on; come back with: podium watch digits-k3f9 --url {url}\n")


def test_a_reader_that_leaves_early_is_no_error(
    url: str, world: World, environment: dict[str, str], workspace: Path
) -> None:
    world.page_size = 5000
    world.add(an_experiment())
    world.trials = [a_trial(n) for n in range(1, 3000)]
    process = start(environment, workspace, "trials", "digits", "--url", url)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.wait(timeout=30)
    assert process.stderr is not None
    with process.stderr as stderr:
        assert stderr.read() == ""


def test_local_starts_a_controller_and_stops_it_at_the_end(environment: dict[str, str], workspace: Path) -> None:
    (workspace / "controller.py").write_text("raise SystemExit('the wrong controller')")
    code, stdout, stderr = finish(start(environment, workspace, "run", "digits.yaml", "--local"))
    assert code == 0, stderr
    assert "digits-0000 completed: the budget is spent" in stdout
    assert stderr.endswith("see more with: podium-controller up --state-dir .podium, then podium show digits-0000\n")
    assert {path.name for path in (workspace / ".podium").iterdir()} == {"controller.log", "controller.pid", "stopped"}


@pytest.mark.parametrize(("ending", "code"), [("end", 0), ("fail", 1), ("pause", 1)])
def test_a_local_controller_that_others_need_stays(
    environment: dict[str, str], workspace: Path, ending: str, code: int
) -> None:
    environment["STAND_IN"] = f"shared {ending}"
    left, _, stderr = finish(start(environment, workspace, "run", "digits.yaml", "--local"))
    assert left == code
    assert "the controller stays: somebody-else runs on it; stop the controller with: podium-controller down" in stderr
    assert "podium-controller up" not in stderr
    assert psutil.pid_exists(int((workspace / ".podium" / "controller.pid").read_text()))


def test_a_local_controller_that_nobody_needs_ends_with_a_paused_experiment(
    environment: dict[str, str], workspace: Path
) -> None:
    environment["STAND_IN"] = "pause"
    code, _, stderr = finish(start(environment, workspace, "run", "digits.yaml", "--local"))
    assert code == 1
    assert "continue it with: podium-controller up --state-dir .podium, then podium resume digits-0000" in stderr
    assert (workspace / ".podium" / "stopped").exists()


def test_a_local_controller_whose_experiment_was_deleted_stays_for_others(
    environment: dict[str, str], workspace: Path
) -> None:
    environment["STAND_IN"] = "run shared"
    process = start(environment, workspace, "run", "digits.yaml", "--local")
    wait_for_line(process, "digits-0001 running")
    url = (workspace / ".podium" / "controller.url").read_text().strip()
    process.send_signal(signal.SIGSTOP)  # it must not look between the two
    with PodiumClient(url) as client:
        client.stop("digits-0001")
        client.delete("digits-0001")
    process.send_signal(signal.SIGCONT)
    code, _, stderr = finish(process)
    assert (code, "podium: there is no experiment digits-0001" in stderr) == (1, True)
    assert "the controller stays: somebody-else runs on it" in stderr
    assert psutil.pid_exists(int((workspace / ".podium" / "controller.pid").read_text()))


def test_a_local_controller_that_cannot_be_asked_stays(environment: dict[str, str], workspace: Path) -> None:
    environment["STAND_IN"] = "mute"
    code, _, stderr = finish(start(environment, workspace, "run", "digits.yaml", "--local"))
    assert code == 0
    assert "the controller stays: it could not be asked whether experiments run on it (it has no list)" in stderr
    assert psutil.pid_exists(int((workspace / ".podium" / "controller.pid").read_text()))


def test_ctrl_c_leaves_the_local_controller_and_the_next_run_uses_it(
    environment: dict[str, str], workspace: Path
) -> None:
    environment["STAND_IN"] = "run"
    process = start(environment, workspace, "run", "digits.yaml", "--local")
    wait_for_line(process, "digits-0000 running")
    controller = psutil.Process(int((workspace / ".podium" / "controller.pid").read_text()))
    url = (workspace / ".podium" / "controller.url").read_text().strip()
    assert os.getsid(controller.pid) == controller.pid  # the terminal's Ctrl-C does not reach it
    process.send_signal(signal.SIGINT)
    code, _, stderr = finish(process)
    assert code == 0
    assert stderr.splitlines() == [
        f"digits-0000 goes on; come back with: podium watch digits-0000 --url {url}",
        "stop the controller with: podium-controller down --state-dir .podium",
    ]
    listed = finish(start(environment, workspace, "ls"))
    again = finish(start(environment, workspace, "run", "digits.yaml", "--local", "--detach"))
    assert "digits-0000" in listed[1]
    assert again[:2] == (0, "digits-0001\n")
    assert controller.is_running()
    controller.terminate()


def test_a_controller_that_cannot_start_shows_its_last_words(environment: dict[str, str], workspace: Path) -> None:
    (workspace / ".podium").mkdir()
    (workspace / ".podium" / "controller.log").write_text("words of last week\n")
    environment["STAND_IN"] = "die"
    code, stdout, stderr = finish(start(environment, workspace, "run", "digits.yaml", "--local"))
    assert (code, stdout) == (1, "")
    assert stderr.splitlines()[1:] == [
        "podium: the controller ended (exit 1); its log is .podium/controller.log:",
        "  the database would not start: disk full",
    ]


def test_a_controller_that_dies_on_the_way_is_told_from_one_that_is_away(
    environment: dict[str, str], workspace: Path
) -> None:
    environment["STAND_IN"] = "run"
    process = start(environment, workspace, "run", "digits.yaml", "--local")
    wait_for_line(process, "digits-0000 running")
    psutil.Process(int((workspace / ".podium" / "controller.pid").read_text())).kill()
    started_at = time.monotonic()
    code, _, stderr = finish(process)
    assert code == 1
    assert "podium: the controller ended (signal 9); its log is .podium/controller.log" in stderr
    assert time.monotonic() - started_at < 10
