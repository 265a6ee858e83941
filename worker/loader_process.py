"""A process that loads batches: it outlives every signal that is meant for the trainer, and never the trainer itself.

Loaders are forked by a server that torch is loaded into once. The trainer itself is not forked: it has threads, and
perhaps an accelerator, which a fork leaves in pieces.
"""

import multiprocessing
import os
import signal
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.process import BaseProcess
from threading import Thread

import torch

PRELOADED = ["worker.loading", "worker.decoding", "worker.decoded_images"]
TRAINERS_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""They may be sent to a whole group of processes. The trainer needs its loaders until it has stored its state."""
GONE_SECONDS = 5.0
"""In which the kernel is done with a process that it kills, unless a disk holds it."""


DYING_SECONDS = 1.0
"""Between a loader's last word and its exit code."""


class LoaderDied(Exception):
    """A loader ended by itself; the message says how and what helps."""


class LoaderProcess(ForkServerProcess):
    def start(self) -> None:
        resource_tracker.ensure_running()  # starting it lets the signals in again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, TRAINERS_SIGNALS)  # inherited by what starts meanwhile
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def terminate(self) -> None:
        """Kill it: SIGTERM would not reach it."""
        self.kill()


class LoaderContext(ForkServerContext):
    """What a DataLoader starts its processes with."""

    def __init__(self) -> None:
        self.processes: list[LoaderProcess] = []
        self.set_forkserver_preload(PRELOADED)

    def Process(self, **given: object) -> LoaderProcess:  # type: ignore[override]  # noqa: N802 - a class elsewhere
        process = LoaderProcess(**given)  # type: ignore[arg-type]  # what torch gives, as it is
        self.processes.append(process)
        return process

    def kill(self) -> None:
        """End all that are left, at once: they hold nothing that is worth keeping."""
        for process in self.processes:
            if process.pid is not None and process.is_alive():
                process.kill()
                process.join(GONE_SECONDS)

    def death(self) -> Exception | None:
        """Say why a loader ended that was not asked to, now or in a moment; None if none did."""
        started = {process.pid: process for process in self.processes if process.pid is not None}
        wait([process.sentinel for process in started.values()], DYING_SECONDS)
        ended = [(pid, code) for pid, process in started.items() if (code := process.exitcode) is not None]
        return cause_of_death(*ended[0]) if ended else None


def cause_of_death(pid: int, exit_code: int) -> Exception:
    """Return MemoryError for a loader that the kernel's memory killer has ended, and LoaderDied for any other."""
    match -exit_code:
        case signal.SIGKILL:
            return MemoryError(
                f"a loader (process {pid}) was killed, as the kernel does when memory is short; give the worker more "
                "memory, or `training.loaders` a smaller number"
            )
        case signal.SIGBUS:
            return LoaderDied(
                f"a loader (process {pid}) found /dev/shm full; make it larger, or `training.loaders` a smaller number"
            )
        case _:
            how = f"of signal {-exit_code}" if exit_code < 0 else f"with exit code {exit_code}"
            return LoaderDied(f"a loader (process {pid}) ended {how}; with `training.loaders: 0` there are none")


def settle_in(_number: int) -> None:
    """Prepare a loader: it computes as its trainer does, and leaves with it, even if that is killed."""
    torch.set_flush_denormal(True)
    trainer = multiprocessing.parent_process()
    assert trainer is not None
    # torch's own watchdog looks at the parent's id, which is that of the server; and that stays as long as a loader.
    Thread(target=_leave_with, args=(trainer,), daemon=True).start()


def _leave_with(trainer: BaseProcess) -> None:
    trainer.join()
    os._exit(0)
