"""A controller of one's own: started for one experiment, stopped after it, and left alone when somebody needs it."""

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from podium.address import running_controller
from podium.client import PodiumError

START_SECONDS = 180.0
"""Long enough for a first start on a slow disk: initdb, migrations, imports."""
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
LOG_FILE = "controller.log"
TAIL_LINES = 15
NOT_INSTALLED = "--local needs the controller and the worker: pip install 'podium[controller,local,worker]'"


class ControllerDied(PodiumError):
    """The controller started for `--local` is gone, or never came; `lines` hold its last words."""

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.lines = lines


@dataclass(slots=True, kw_only=True)
class LocalController:
    """A controller on this machine. `process` is None when it was running before."""

    url: str
    state_dir: Path
    process: subprocess.Popen[bytes] | None
    log_start: int = 0
    """Bytes of the log that earlier controllers wrote."""
    stays: bool = False
    """Whether it is left running when its `with` block ends."""

    @property
    def will_stop(self) -> bool:
        return self.process is not None and not self.stays

    def check(self) -> None:
        """Raise ControllerDied when the process that was started for this experiment is gone."""
        if self.process is not None and self.process.poll() is not None:
            raise _died(self.process.returncode, self.state_dir, self.log_start)


@contextlib.contextmanager
def local_controller(state_dir: Path) -> Iterator[LocalController]:
    """Use the controller that runs on `state_dir`, or start one and stop it in the end unless it `stays`."""
    if (url := running_controller(state_dir)) is not None:
        yield LocalController(url=url, state_dir=state_dir, process=None)
        return
    controller = _start(state_dir)
    try:
        yield controller
    finally:
        if controller.will_stop:
            assert controller.process is not None
            _stop(controller.process, state_dir)


def _start(state_dir: Path) -> LocalController:
    if importlib.util.find_spec("fastapi") is None or importlib.util.find_spec("controller") is None:
        raise ControllerDied(NOT_INSTALLED, [])
    state_dir.mkdir(parents=True, exist_ok=True)
    ready_file = state_dir / f"controller-{os.getpid()}.ready"
    ready_file.unlink(missing_ok=True)
    with (state_dir / LOG_FILE).open("ab") as log:
        log_start = log.seek(0, os.SEEK_END)
        process = _spawn(state_dir, ready_file, log)
    try:
        url = _wait_until_ready(process, ready_file, state_dir, log_start)
    except BaseException:  # also Ctrl-C: nobody else knows of this process
        _stop(process, state_dir)
        raise
    finally:
        ready_file.unlink(missing_ok=True)
    return LocalController(url=url, state_dir=state_dir, process=process, log_start=log_start)


def _spawn(state_dir: Path, ready_file: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    # -P: a controller.py in the user's folder must not be taken for Podium's.
    command = [sys.executable, "-P", "-m", "controller", "up", "--port", "0"]
    command += ["--state-dir", str(state_dir.resolve()), "--ready-file", str(ready_file.resolve())]
    # A session of its own: the terminal's Ctrl-C is for this command, and the experiment survives it.
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )


def _wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path, state_dir: Path, log_start: int) -> str:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        with contextlib.suppress(FileNotFoundError):
            text = ready_file.read_text(encoding="utf-8")
            if text.endswith("\n"):
                return text.strip()
        if process.poll() is not None:
            raise _died(process.returncode, state_dir, log_start)
        time.sleep(POLL_SECONDS)
    message = f"the controller was not ready after {START_SECONDS:g} s; its log is {state_dir / LOG_FILE}"
    raise ControllerDied(message, _tail(state_dir, log_start))


def _stop(process: subprocess.Popen[bytes], state_dir: Path) -> None:
    """Ask the controller to stop, and wait for it: it ends its database itself. Workers live on."""
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        message = f"the controller (process {process.pid}) did not stop within {STOP_SECONDS:g} s of SIGTERM"
        raise ControllerDied(message, _tail(state_dir, 0)) from None


def _died(code: int, state_dir: Path, log_start: int) -> ControllerDied:
    how = f"signal {-code}" if code < 0 else f"exit {code}"
    return ControllerDied(
        f"the controller ended ({how}); its log is {state_dir / LOG_FILE}", _tail(state_dir, log_start)
    )


def _tail(state_dir: Path, log_start: int) -> list[str]:
    with (state_dir / LOG_FILE).open("rb") as log:
        log.seek(log_start)
        return log.read().decode("utf-8", errors="replace").splitlines()[-TAIL_LINES:]
