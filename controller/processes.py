"""A cluster of one machine: each Job is a local process that outlives the controller.

It behaves as Kubernetes does, so that nothing above `controller.cluster` can tell them apart: creating twice runs once,
a deleted Job gets SIGTERM, a grace period and SIGKILL, an ended one stays to be seen until it is deleted. It holds no
state of its own: a controller that was killed and started again on the same folder finds every Job where it was.

It does not retry, does not limit memory, and does not know what an exit code means.
"""

import os
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from controller import process_guard
from controller.cluster import LOG_TAIL_BYTES, JobEvent, last_lines
from controller.job_folder import REMOVED_PREFIX, JobFolder
from controller.jobs import JobRequest
from controller.plan import JobPhase, SeenJob
from podium.wire import RUN_TOKEN_VARIABLE

INHERITED = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|VIRTUAL_ENV"
    "|PYTHONPATH|PYTHONUNBUFFERED|PYTHONHASHSEED|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH"
    "|CUDA_.*|NVIDIA_.*|OMP_.*|MKL_.*|TORCH_HOME|TORCHINDUCTOR_.*|XDG_CACHE_HOME"
    "|SSL_CERT_.*|REQUESTS_CA_BUNDLE|(?i:https?_proxy|no_proxy)"
    "|AWS_.*|GOOGLE_APPLICATION_CREDENTIALS|FSSPEC_.*"  # checkpoints on S3 or GCS
    "|PODIUM_CACHE_DIR|PODIUM_CACHE_GIGABYTES|PODIUM_SHARED_GIGABYTES|PODIUM_PROCESSES"  # of the built-in trainer
)
"""A list of what passes, not of what is held back: the controller's secrets have no way to a trial's code."""
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

_log = structlog.get_logger(__name__)


class ProcessCluster:
    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str],
        cpus_per_job: int | None = None,
        grace_seconds: float = 30,
        poll_seconds: float = 0.2,
    ) -> None:
        """Keep Jobs under `folder`. Of `environment` they inherit no more than `INHERITED` names."""
        self._folder = folder.resolve()
        self._environment = {name: value for name, value in environment.items() if INHERITED.fullmatch(name)}
        self._environment.setdefault("PYTHONUNBUFFERED", "1")  # else a line is seen once thousands of letters are there
        self._environment.setdefault("PODIUM_PROCESSES", "1")  # Jobs share the machine: none takes all accelerators
        if cpus_per_job is not None:
            self._environment["OMP_NUM_THREADS"] = str(cpus_per_job)
        self._grace_seconds = grace_seconds
        self._poll_seconds = poll_seconds
        self._changing = threading.RLock()  # one thread at a time starts, ends and reaps Jobs
        self._guards: set[int] = set()
        self._terminated: set[str] = set()
        self._closing = threading.Event()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self._folder.glob(f"{REMOVED_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def name(self) -> str:
        return "one machine"

    def jobs(self) -> Mapping[str, SeenJob]:
        """Return every Job by name. One that is being deleted is active until it is gone."""
        with self._changing:
            self._tend()
            seen = [self._job(name).seen() for name in self._names()]
        return {job.name: job for job in seen if job is not None}

    def refresh(self) -> None:
        """Nothing to do: `jobs` looks at the machine each time."""

    def create_job(self, request: JobRequest) -> None:
        """Start a Job; it is seen by `jobs` from now on. One of that name that exists already is left alone.

        Raises ValueError for a name that is no DNS label, and OSError when the machine cannot start another process.
        """
        job = self._job(request.name)
        with self._changing, job.claim() as lock:
            if lock is None:
                return
            try:
                self._guards.add(self._start_guard(job, request, lock))
            except BaseException:
                job.remove()
                raise

    def delete_job(self, name: str) -> None:
        """End a Job and forget it, without waiting; one that does not exist is no error.

        SIGTERM goes to the command alone, as to a container's first process: a trainer that checkpoints on it needs its
        data loaders a moment longer. After the grace period, `jobs` or the watch sends SIGKILL to its whole group.
        """
        job = self._job(name)
        with self._changing:
            if not job.path.is_dir():
                return
            if job.deadline_seconds() is None:
                job.mark_deleting(time.monotonic() + self._grace_seconds)
            self._advance_deletion(job)

    def log_tail(self, name: str) -> str:
        """Return the last 50 lines of what the Job printed, 8 KiB at most; empty when there are none."""
        try:
            with self._job(name).log.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - LOG_TAIL_BYTES))
                tail = log.read()
        except FileNotFoundError:
            return ""
        return last_lines(tail)

    def tell(self, name: str, event: JobEvent) -> None:
        """Leave it at the log: on one machine, nobody looks beside a Job."""
        _log.debug(event.message, job=name, event_reason=event.reason)

    def watch(self, wake: Callable[[], None]) -> None:
        """Call `wake` from a thread whenever a Job came, changed its phase or went, within the polling interval."""
        known = self._phases({})  # now, so that nothing between this call and the thread's first look is missed
        threading.Thread(target=self._poll, args=(wake, known), name="process-watch", daemon=True).start()

    def close(self) -> None:
        """Stop watching. Jobs live on."""
        self._closing.set()

    def _start_guard(self, job: JobFolder, request: JobRequest, lock: int) -> int:
        command = [sys.executable if request.command[0] == "python" else request.command[0], *request.command[1:]]
        guard = [sys.executable, "-I", "-S", process_guard.__file__, str(job.path), *command]
        os.set_inheritable(lock, True)
        return os.posix_spawn(  # not Popen, which complains when it is forgotten while the process lives
            sys.executable,
            guard,
            {**self._environment, **request.env, RUN_TOKEN_VARIABLE: request.token},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(job.log), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,  # Ctrl-C in the controller's terminal is not for its Jobs
        )

    def _poll(self, wake: Callable[[], None], known: Mapping[str, JobPhase]) -> None:
        while not self._closing.wait(self._poll_seconds):
            try:
                with self._changing:
                    self._tend()
                phases = self._phases(known)
            except OSError as error:
                _log.warning("cannot look at the Jobs; looking again", folder=str(self._folder), error=str(error))
                continue
            if phases != known:
                known = phases
                wake()

    def _phases(self, known: Mapping[str, JobPhase]) -> Mapping[str, JobPhase]:
        """Return the phase of each Job. An end is final: a Job that is known to be over is not looked at again."""
        phases = {}
        for name in self._names():
            phase = known.get(name)
            if phase is None or phase is JobPhase.ACTIVE:
                seen = self._job(name).seen()
                phase = seen.phase if seen else None
            if phase is not None:
                phases[name] = phase
        return phases

    def _tend(self) -> None:
        """Bring deletions forward and reap guards that ended."""
        for name in self._names():
            job = self._job(name)
            if job.deadline_seconds() is not None:
                self._advance_deletion(job)
        for guard in list(self._guards):
            if _has_ended(guard):
                self._guards.discard(guard)

    def _advance_deletion(self, job: JobFolder) -> None:
        seen, deadline_seconds = job.seen(), job.deadline_seconds()
        if seen is None or seen.phase is not JobPhase.ACTIVE:
            job.remove()
            self._terminated.discard(job.path.name)
            return
        leader = job.leader()
        if leader is None or deadline_seconds is None:  # its guard is still starting; there is nothing to signal yet
            return
        with suppress(ProcessLookupError, PermissionError):  # it ended just now
            if job.path.name not in self._terminated:
                self._terminated.add(job.path.name)
                os.kill(leader, signal.SIGTERM)
            if time.monotonic() >= deadline_seconds:
                os.killpg(leader, signal.SIGKILL)

    def _names(self) -> list[str]:
        with os.scandir(self._folder) as entries:
            return [entry.name for entry in entries if DNS_LABEL.fullmatch(entry.name) and entry.is_dir()]

    def _job(self, name: str) -> JobFolder:
        if not DNS_LABEL.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a Job: use a DNS label of at most 63 characters")
        return JobFolder(self._folder / name)


def _has_ended(guard: int) -> bool:
    try:
        return os.waitpid(guard, os.WNOHANG)[0] == guard
    except ChildProcessError:  # someone else reaped it
        return True
