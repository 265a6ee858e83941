"""How a trial's process leaves: each way is an exception that passes through the script, an exit code and one line.

They are no `Exception`s, so that a script's `except Exception` does not swallow them. What follows an exit code is the
controller's to decide.
"""

from dataclasses import dataclass

from podium.taxonomy import ExitCode

FAULT = 1
OUT_OF_MEMORY = 137
"""What a shell says of a process that the kernel's memory killer ended."""


class Leaving(BaseException):
    """The process leaves now; the message is one sentence."""

    exit_code: int = FAULT


class Finished(Leaving):
    """All that was asked for is trained and reported."""

    exit_code = ExitCode.DONE


class Stopped(Leaving):
    """The controller's verdict: this trial is not worth more training."""

    exit_code = ExitCode.DONE


class Infeasible(Leaving):
    """The configuration cannot be trained: it diverged, or its values do not go together."""

    exit_code = ExitCode.INFEASIBLE


class Preempted(Leaving):
    """The machine is needed elsewhere; the run resumes from its last checkpoint."""

    exit_code = ExitCode.PREEMPTED


class OtherData(Leaving):
    """The images are not those that the experiment's first run had; the run waits for them."""

    exit_code = ExitCode.OTHER_DATA


class Superseded(Leaving):
    """A newer attempt at this run has taken over; whatever this one says changes nothing."""

    exit_code = ExitCode.PREEMPTED


class ControllerLost(Leaving):
    """The controller did not answer for as long as one is willing to wait; the run resumes later."""

    exit_code = ExitCode.PREEMPTED


class TokenExpired(Leaving):
    """The attempt took longer than its token lasts; the next one gets a new token, and resumes."""

    exit_code = ExitCode.PREEMPTED


class Fault(Leaving):
    """Something is wrong that the same attempt cannot repair; the message names the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """What a process says at its end."""

    code: int
    message: str


def exit_of(error: BaseException) -> Exit | None:
    """Return the exit that `error` stands for; None for one that deserves its traceback."""
    if isinstance(error, Leaving):
        return Exit(code=error.exit_code, message=str(error))
    if _is_accelerator_memory(error):
        message = f"the accelerator's memory does not hold this configuration: {_first_line(error)}"
        return Exit(code=ExitCode.OUT_OF_ACCELERATOR_MEMORY, message=message)
    if _is_host_memory(error):
        return Exit(code=OUT_OF_MEMORY, message=f"out of memory: {_first_line(error)}")
    return None


def _is_accelerator_memory(error: BaseException) -> bool:
    """Know torch's and cupy's by the class's name, since neither is imported here."""
    return any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)


def _is_host_memory(error: BaseException) -> bool:
    # torch raises a plain RuntimeError when the CPU's memory is not enough
    return isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
