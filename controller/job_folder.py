"""What is on disk about one local Job: all there is, so that a new controller sees what the old one saw.

    lock        held by the Job's guard and its command for as long as either lives; files below are nothing without it
    started     the Job was started, once and for all
    pid         the command's process id and group, written before it executes
    exit_code   how the command ended, 128 + n for signal n
    deleting    the Job is to end; until when it may do so by itself, on the machine's monotonic clock
    log         what the command printed

Not here: the environment, which holds the run's token and never touches the disk.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.plan import JobPhase, SeenJob
from podium.taxonomy import EndReason

REMOVED_PREFIX = ".removed-"
"""A Job's folder is renamed to this first: it is there or it is not, never half."""


@dataclass(frozen=True, slots=True)
class JobFolder:
    path: Path

    @property
    def log(self) -> Path:
        return self.path / "log"

    def seen(self) -> SeenJob | None:
        """Return the Job as a cluster shows it; None when it was never started or is gone."""
        name = self.path.name
        if self.exit_code() is None and self.is_alive():
            return SeenJob(name=name, phase=JobPhase.ACTIVE, started_at=self._changed_at("started"))
        exit_code = self.exit_code()  # again: it is written before the lock is let go
        if not self.is_started():  # last: a folder that is here now was whole above
            return None
        if exit_code is None:  # the machine or the guard went down with it
            return SeenJob(
                name=name,
                phase=JobPhase.FAILED,
                reason=EndReason.PREEMPTED,
                started_at=self._changed_at("started"),
                ended_at=self._changed_at("log"),  # when it last printed: nobody knows how long it lived after that
            )
        phase = JobPhase.SUCCEEDED if exit_code == 0 else JobPhase.FAILED
        return SeenJob(
            name=name,
            phase=phase,
            exit_code=exit_code,
            started_at=self._changed_at("started"),
            ended_at=self._changed_at("exit_code"),
        )

    def _changed_at(self, name: str) -> datetime | None:
        try:
            return datetime.fromtimestamp((self.path / name).stat().st_mtime, UTC)
        except FileNotFoundError:  # removed just now
            return None

    def is_started(self) -> bool:
        return (self.path / "started").exists()

    def is_alive(self) -> bool:
        """Whether somebody holds the lock. Not asked before the Job is started, so that its creator always gets it."""
        if not self.is_started():
            return False
        try:
            lock = os.open(self.path / "lock", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            return not _try_lock(lock, fcntl.LOCK_SH)
        finally:
            fcntl.flock(
                lock, fcntl.LOCK_UN
            )  # a fork in another thread may hold a copy of the descriptor a while longer
            os.close(lock)

    @contextmanager
    def claim(self) -> Iterator[int | None]:
        """Yield the locked file to start the Job with; None when it was started before, in this or another life."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if self.is_started() or not _try_lock(lock, fcntl.LOCK_EX):
                yield None
                return
            (self.path / "started").touch(mode=0o600, exist_ok=False)
            yield lock
        finally:
            os.close(lock)  # not unlocked: the guard shares this lock

    def exit_code(self) -> int | None:
        return _read_number(self.path / "exit_code")

    def leader(self) -> int | None:
        """Return the id of the command's process, which is also its group's; None while it is still starting."""
        return _read_number(self.path / "pid")

    def deadline_seconds(self) -> float | None:
        """Return until when a Job that is being deleted may end by itself; None when it is not being deleted."""
        try:
            return float((self.path / "deleting").read_text())
        except FileNotFoundError:
            return None

    def mark_deleting(self, deadline_seconds: float) -> None:
        draft = self.path / "deleting.tmp"
        draft.write_text(repr(deadline_seconds))
        draft.replace(self.path / "deleting")

    def remove(self) -> None:
        """Forget the Job. Killed halfway, what is left of it is no Job any more."""
        doomed = self.path.with_name(REMOVED_PREFIX + self.path.name)
        shutil.rmtree(doomed, ignore_errors=True)
        try:
            self.path.rename(doomed)
        except FileNotFoundError:
            return
        shutil.rmtree(doomed, ignore_errors=True)


def _try_lock(lock: int, operation: int) -> bool:
    try:
        fcntl.flock(lock, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return None
