"""What is said between Podium and whoever trains what Podium does not start: asking for a run, and giving it up."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from podium.contract import Contract
from podium.parameters import Configuration
from podium.taxonomy import ExitCode, ExperimentState

LEASE_SECONDS = 600.0
LONGEST_LEASE_SECONDS = 7 * 86_400.0
LONGEST_WAIT_SECONDS = 30.0


class Ask(Contract):
    """A wish for a run to train."""

    holder: Annotated[str, Field(max_length=200)] = ""
    """Who asks, for people to read: a host, a job of another scheduler."""
    lease_seconds: Annotated[float, Field(ge=1, le=LONGEST_LEASE_SECONDS, allow_inf_nan=False)] = LEASE_SECONDS
    """The run is given to somebody else after so long without a report, be it of a part of an epoch."""
    wait_seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT_SECONDS, allow_inf_nan=False)] = 0.0
    """How long to wait for a run where there is none to be had now."""


class Suggestion(Contract):
    """A run that is yours for as long as you report."""

    job: str
    """Its name, the same in logs, in the dashboard and in the API."""
    token: str
    """Opens `/run` for it: what to train in full, and where reports go."""
    trial: int
    run: int
    attempt: int
    rung: str
    configuration: Configuration
    from_epoch: int
    """Where the trial stands; 0 for one that is to start from the beginning."""
    to_epoch: int
    full_epochs: int
    lease_seconds: float


class Asked(Contract):
    """A run, or why there is none."""

    suggestion: Suggestion | None = None
    state: ExperimentState
    """While it is running there may be one a moment later."""
    message: str = ""
    """Why there is none."""


class GiveUp(StrEnum):
    """Why a run ends before its target."""

    INFEASIBLE = "infeasible"
    """The configuration cannot be trained: the optimizer learns to avoid it."""
    OUT_OF_ACCELERATOR_MEMORY = "out of accelerator memory"
    PREEMPTED = "preempted"
    """Nothing is wrong with it: somebody else may go on."""
    BUG = "bug"


EXIT_CODES = {
    GiveUp.INFEASIBLE: int(ExitCode.INFEASIBLE),
    GiveUp.OUT_OF_ACCELERATOR_MEMORY: int(ExitCode.OUT_OF_ACCELERATOR_MEMORY),
    GiveUp.PREEMPTED: int(ExitCode.PREEMPTED),
    GiveUp.BUG: 1,
}
"""As a process of Podium's own would say it."""


class GivenUp(Contract):
    """The end of a run that did not reach its target."""

    reason: GiveUp
    detail: Annotated[str, Field(max_length=8000)] = ""
    """What a log would show at its end."""
