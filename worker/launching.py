"""Starts a process for each accelerator by torchrun's own launcher, and ends as they do.

The first process writes to this one's output. What the others say goes to files, since they would say the same; of one
that fails first, it is shown.
"""

import logging
import os
import signal
import sys
import tempfile
from pathlib import Path

import torch
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from podium.leaving import FAULT
from podium.taxonomy import ExitCode
from worker.machine import Machine

LONGEST_SHUTDOWN_SECONDS = 86_400
"""Whoever sent SIGTERM decides when SIGKILL follows, for all of the Pod."""
SHOWN_BYTES = 8192


def processes_for(machine: Machine) -> int:
    """Return as many as are asked for, or one for each accelerator; at least one. Raises SystemExit for too many."""
    accelerators = torch.cuda.device_count()
    asked = machine.processes
    if asked is not None and 0 < accelerators < asked:
        sys.stderr.write(f"podium: PODIUM_PROCESSES is {asked}, and there are {accelerators} accelerators for them\n")
        raise SystemExit(FAULT)
    return max(1, accelerators) if asked is None else asked


def launch(processes: int, threads: int) -> int:
    """Run `python -m worker` so many times at once, with the threads divided; return the exit code."""
    os.environ["OMP_NUM_THREADS"] = str(max(1, threads // processes))
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", str(LONGEST_SHUTDOWN_SECONDS))
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # a Pod's own name may lead nowhere
    logging.disable()  # torchrun tells at length what is told here in a line
    with tempfile.TemporaryDirectory(prefix="podium-ranks-") as folder:
        redirects = dict.fromkeys(range(1, processes), Std.ALL)
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id="podium",
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            max_restarts=0,  # another attempt is the controller's to start
            local_addr="localhost",
            logs_specs=DefaultLogsSpecs(log_dir=folder, redirects=redirects),
        )
        try:
            elastic_launch(config, sys.executable)(*(["-P"] if sys.flags.safe_path else []), "-m", "worker")
        except SignalException as error:
            return int(ExitCode.PREEMPTED) if error.sigval == signal.SIGTERM else 128 + error.sigval
        except ChildFailedError as error:
            # the first to fail is the cause; the others fail for want of it, or are ended
            number, failure = error.get_first_failure()
            if number > 0:
                _show(number, failure, Path(folder))
            return exit_code_of(failure)
        return int(ExitCode.DONE)


def exit_code_of(failure: ProcessFailure) -> int:
    """Return what a shell would say of the process: 128 + n of one that signal n ended."""
    return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode


def _show(number: int, failure: ProcessFailure, folder: Path) -> None:
    how = f"exit code {failure.exitcode}" if failure.exitcode > 0 else f"signal {-failure.exitcode}"
    sys.stderr.write(f"podium: of the processes that train together, number {number} ended first, by {how}\n")
    for log in sorted(folder.glob(f"*/attempt_0/{failure.local_rank}/stderr.log")):
        sys.stderr.write(log.read_bytes()[-SHOWN_BYTES:].decode(errors="replace"))
