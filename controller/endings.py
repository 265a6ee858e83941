"""Why an attempt ended, and what follows: the taxonomy as two pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from podium.taxonomy import EndReason, ExitCode

RESULTS = (EndReason.SUCCEEDED, EndReason.STOPPED)
"""Ends of which a run's last measurement is its result; the other ends of a run are failures to learn from."""


def why_it_ended(exit_code: int | None, has_progressed: bool) -> tuple[EndReason, str]:
    """Name why a process ended before its target was reported, in the taxonomy's word and in a sentence."""
    match exit_code:
        case ExitCode.DONE:
            return EndReason.BUG, "exited 0 before it reported its target epoch"
        case ExitCode.INFEASIBLE:
            return EndReason.INFEASIBLE, "the configuration cannot be trained"
        case ExitCode.OUT_OF_ACCELERATOR_MEMORY:
            return EndReason.OUT_OF_ACCELERATOR_MEMORY, "the accelerator's memory does not hold the configuration"
        case ExitCode.OTHER_DATA:
            return EndReason.OTHER_DATA, "found other images than the experiment's first run had"
        case ExitCode.PREEMPTED:
            return EndReason.PREEMPTED, "left with exit code 75: preempted, or it lost the controller"
        case None:
            return EndReason.PREEMPTED, "vanished without an exit code"
        case 143:  # 128 + SIGTERM, which came before the script could listen for it
            return EndReason.PREEMPTED, "ended by SIGTERM"
        case 137 if has_progressed:  # somebody's SIGKILL; the memory killer strikes the same epoch again and again
            return EndReason.PREEMPTED, "killed (exit code 137) while it made progress"
        case 137:
            return EndReason.OUT_OF_MEMORY, "killed (exit code 137) before its first report, as for want of memory"
        case code:
            return EndReason.BUG, f"failed with exit code {code}"


@dataclass(frozen=True, slots=True)
class Retry:
    """Another attempt follows after a wait."""

    wait_seconds: float


@dataclass(frozen=True, slots=True)
class EndRun:
    """The run ends with this attempt."""


CERTAIN_ATTEMPTS = 2
"""One retry where the cluster says OOMKilled, with more memory if the experiment allows it; a third would die too."""
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 300.0


def after_the_end(
    ended: Sequence[EndReason], fruitless: int, max_attempts: int, *, is_certain: bool = False
) -> Retry | EndRun:
    """Say what follows the last of a run's ended attempts.

    `fruitless` counts the latest attempts in a row that reported no epoch; retries after those wait ever longer. The
    reason `is_certain` when the cluster gave it; on one machine, want of memory is only a guess (decision 0008).
    """
    reason = ended[-1]
    match reason:
        case EndReason.SUCCEEDED | EndReason.STOPPED | EndReason.INFEASIBLE | EndReason.OUT_OF_ACCELERATOR_MEMORY:
            return EndRun()
        case EndReason.BUG:
            if ended.count(reason) >= max_attempts:
                return EndRun()
        case EndReason.OUT_OF_MEMORY:
            if ended.count(reason) >= (min(CERTAIN_ATTEMPTS, max_attempts) if is_certain else max_attempts):
                return EndRun()
        case EndReason.PREEMPTED | EndReason.SCHEDULING | EndReason.BAD_NODE | EndReason.OTHER_DATA:
            pass
        case _ as unknown:
            assert_never(unknown)
    if fruitless <= 1:
        return Retry(0.0)
    return Retry(min(FIRST_WAIT_SECONDS * 2.0 ** min(fruitless - 2, 30), LONGEST_WAIT_SECONDS))
