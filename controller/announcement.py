"""Who is up in a state directory: one `podium-controller up` at a time, found by its address, ended by its process id.

The lock on the process id's file says whether that process still lives; after a SIGKILL the id may name a stranger.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PID_FILE, URL_FILE = "controller.pid", "controller.url"
POLL_SECONDS = 0.1


class AlreadyUp(Exception):
    """Another process is up in this state directory."""


@contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Hold the state directory for this process. Raises AlreadyUp."""
    with (state_dir / PID_FILE).open("a+") as pid_file:
        if not _lock(pid_file.fileno()):
            pid_file.seek(0)
            raise AlreadyUp(
                f"process {pid_file.read().strip()} is up in {state_dir} already; use it, or `podium-controller down`"
            )
        pid_file.truncate(0)
        pid_file.write(f"{os.getpid()}\n")
        pid_file.flush()
        yield


@contextmanager
def announced(state_dir: Path, address: str, ready_file: Path | None) -> Iterator[None]:
    """Leave the address where clients find it, for as long as the block lasts."""
    places = [state_dir / URL_FILE, *([ready_file] if ready_file else [])]
    for place in places:
        unfinished = place.with_name(place.name + ".new")
        unfinished.write_text(address + "\n")
        unfinished.replace(place)
    try:
        yield
    finally:
        for place in places:
            place.unlink(missing_ok=True)


def end(state_dir: Path, patience_seconds: float) -> bool:
    """Have whoever is up stop, and wait until it has. Say whether anybody was. Raises TimeoutError."""
    try:
        pid_file = (state_dir / PID_FILE).open("r+")
    except FileNotFoundError:
        return False
    with pid_file:
        if _lock(pid_file.fileno()):
            return False
        pid = int(pid_file.read())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience_seconds
        while not _lock(pid_file.fileno()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {pid} in {state_dir} did not stop within {patience_seconds:g} s")
            time.sleep(POLL_SECONDS)
    return True


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
