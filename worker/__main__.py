"""`python -m worker`: train one run of a trial, as its controller asks for it.

With several accelerators it starts a process for each, which are this program again; torchrun's environment tells them
so. The first of them, or the only one, talks to the controller.
"""

import logging
import os
import signal
import sys

import podium
from podium.leaving import exit_of
from podium.preemption import PATIENCE_SECONDS, Preemption
from podium.taxonomy import ExitCode
from worker.machine import Machine, UnusableEnvironment, this_machine
from worker.ranks import ALONE, Rank, accelerators_seen, only_device, rank_of
from worker.tether import end_with_parent


def main() -> None:
    logging.basicConfig(format="%(message)s")
    logging.getLogger("podium").setLevel(logging.INFO)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS is not deterministic
    try:
        machine = this_machine(os.environ)
    except UnusableEnvironment as error:
        sys.exit(f"podium: {error}")
    rank = rank_of(os.environ)
    if rank is None:
        if (machine.processes or accelerators_seen()) > 1:
            _launch_if_several(machine)
        _lead(ALONE, machine)
        return
    end_with_parent()
    os.environ["CUDA_VISIBLE_DEVICES"] = only_device(os.environ, rank)
    if rank.is_first:
        _lead(rank, machine)
    else:
        _follow(rank, machine)


def _launch_if_several(machine: Machine) -> None:
    """End as several processes do that train together; return if one will do."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(ExitCode.PREEMPTED))  # else a container's first process has none
    from worker import launching  # noqa: PLC0415 - it needs torch, which takes seconds to load

    processes = launching.processes_for(machine)
    if processes > 1:
        sys.exit(launching.launch(processes, machine.threads))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _lead(rank: Rank, machine: Machine) -> None:
    _limit_compiler(machine)
    with podium.trial() as trial:
        # torch takes seconds to load: a SIGTERM meanwhile must find its handler, and a superseded attempt needs none.
        from worker import numerics, session, together  # noqa: PLC0415

        numerics.settle(machine.threads)
        with together.joined(rank) as everybody:
            everybody.told(lambda: trial.assignment)
            session.train(trial, machine, everybody)


def _follow(rank: Rank, machine: Machine) -> None:
    _limit_compiler(machine)
    from worker import following, numerics, session, together  # noqa: PLC0415

    numerics.settle(machine.threads)
    try:
        with together.joined(rank) as everybody:
            assignment = everybody.listen()
            patience_seconds = 2 * PATIENCE_SECONDS  # the first is to lose its own before
            with Preemption(patience_seconds=patience_seconds) as preemption, preemption.deferred():
                session.train(following.Follower(assignment, preemption), machine, everybody)
    except together.Followed:
        pass
    except BaseException as error:
        leaving = exit_of(error)
        if leaving is None:
            raise
        sys.stderr.write(f"podium: {leaving.message}\n")
        raise SystemExit(leaving.code) from None


def _limit_compiler(machine: Machine) -> None:
    """Let torch.compile start no more processes than there are threads: a container sees all that its node has."""
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(machine.threads))


if __name__ == "__main__":
    main()
