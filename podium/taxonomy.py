"""The words that every part of Podium uses for states, and for why a run ended."""

from enum import IntEnum, StrEnum


class ExperimentState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    """Nothing new starts; runs in flight finish."""
    STOPPED = "stopped"
    """Ended by a user; its results stay."""
    COMPLETED = "completed"
    """Ended by its budget; its results stay."""


class TrialState(StrEnum):
    RUNNING = "running"
    """A run of it is pending or in flight."""
    PAUSED = "paused"
    """Has a result below full fidelity and may be promoted."""
    COMPLETED = "completed"
    """Trained to full fidelity."""
    STOPPED = "stopped"
    """Ended early by a verdict; keeps its result and is not promoted."""
    FAILED = "failed"
    """Cannot be trained; the optimizer learns to avoid it."""


class RunState(StrEnum):
    RUNNING = "running"
    ENDED = "ended"


class AttemptState(StrEnum):
    PENDING = "pending"
    """A row without a Job yet."""
    RUNNING = "running"
    """Its Job was created."""
    REPORTED = "reported"
    """Its last result is in; its Job may still be exiting."""
    ENDED = "ended"
    """Nothing of it is left but its rows."""


class EndReason(StrEnum):
    """Why a run or an attempt ended. What follows each is decided in `controller.endings`."""

    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    INFEASIBLE = "infeasible"
    OUT_OF_ACCELERATOR_MEMORY = "out of accelerator memory"
    OUT_OF_MEMORY = "out of memory"
    PREEMPTED = "preempted"
    SCHEDULING = "image or scheduling"
    BUG = "bug"
    BAD_NODE = "bad node"
    OTHER_DATA = "other data"
    """It found other images than the experiment's first run had."""


class ExitCode(IntEnum):
    """What a trial's process says by the way it exits."""

    DONE = 0
    INFEASIBLE = 65
    OUT_OF_ACCELERATOR_MEMORY = 66
    OTHER_DATA = 67
    PREEMPTED = 75


class Verdict(StrEnum):
    """The controller's answer to a measurement, and to a part of an epoch."""

    CONTINUE = "continue"
    STOP = "stop"
