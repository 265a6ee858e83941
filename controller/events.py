"""What is told beside a Job, for people who look with `kubectl describe job`: a pure choice, once an attempt."""

from dataclasses import dataclass

from controller.cluster import JobEvent
from podium.taxonomy import EndReason

WARNINGS = {
    EndReason.PREEMPTED: "Preempted",
    EndReason.INFEASIBLE: "Infeasible",
    EndReason.OUT_OF_ACCELERATOR_MEMORY: "OutOfAcceleratorMemory",
    EndReason.OUT_OF_MEMORY: "OutOfMemory",
    EndReason.SCHEDULING: "NotStarted",
    EndReason.BAD_NODE: "BadNode",
    EndReason.OTHER_DATA: "OtherData",
    EndReason.BUG: "Failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended."""

    reason: EndReason
    detail: str
    """Why, and what follows."""
    reached_epoch: int
    metric: str
    value: float | None
    """The objective at that epoch; None when the run has no result."""


def event_of(ending: Ending) -> JobEvent:
    """Return what to tell: a result, or as a warning what went wrong and what follows."""
    match ending.reason:
        case EndReason.SUCCEEDED:
            return JobEvent(reason="TargetReached", message=f"reached {_result(ending)}")
        case EndReason.STOPPED if ending.value is not None:
            message = f"stopped by a verdict at {_result(ending)}, which stays its result"
            return JobEvent(reason="Stopped", message=message)
        case EndReason.STOPPED:
            return JobEvent(reason="Stopped", message=ending.detail)
        case trouble:
            return JobEvent(reason=WARNINGS[trouble], message=ending.detail, is_warning=True)


def _result(ending: Ending) -> str:
    value = "" if ending.value is None else f" with {ending.metric} {ending.value:.4g}"
    return f"epoch {ending.reached_epoch}{value}"
