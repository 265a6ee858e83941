"""What an export reads of an experiment over the wire: each trial with its runs, and with all that they measured.

A page of these replaces hundreds of requests for single trials. What only a person reads is left out: logs and reasons.
"""

from pydantic import AwareDatetime

from podium.contract import Contract
from podium.taxonomy import EndReason, RunState
from podium.wire import Trial


class MeasurementRecord(Contract):
    """One epoch as one attempt measured it. An attempt that went on from further back measured some epochs again."""

    attempt: int
    epoch: int
    metrics: dict[str, float]
    seconds: float
    samples_per_second: float | None
    created_at: AwareDatetime


class RunRecord(Contract):
    number: int
    rung: str
    from_epoch: int
    to_epoch: int
    reached_epoch: int
    is_promotion: bool
    state: RunState
    end_reason: EndReason | None
    value: float | None
    source: str
    """Who asked for it: `baseline`, `guess`, `sobol`, `model`, …"""
    cost: float
    """Full trainings, by how far it came."""
    seconds: float
    """That its epochs took, those that were trained twice included."""
    attempts: int
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    """When the process of its first attempt did, as far as the cluster tells."""
    ended_at: AwareDatetime | None
    measurements: list[MeasurementRecord]
    """By attempt and epoch."""


class TrialRecord(Contract):
    """A trial as it stands at one moment."""

    trial: Trial
    runs: list[RunRecord]
    """By their numbers."""
