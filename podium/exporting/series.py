"""What a trial measured as one curve by epoch, for tools that know neither runs nor attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.exporting.record import MeasurementRecord, TrialRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One epoch of a trial, as its newest run and attempt measured it."""

    epoch: int
    metrics: dict[str, float]
    seconds: float
    at: float
    """Seconds since 1970."""


def curve_of(record: TrialRecord) -> list[Point]:
    """Return a trial's epochs by number, each once: of one that was measured again, what the newest run measured."""
    newest: dict[int, MeasurementRecord] = {}
    for told in measured(record):
        newest[told.epoch] = told
    return [point_of(newest[epoch]) for epoch in sorted(newest)]


def measured(record: TrialRecord) -> Sequence[MeasurementRecord]:
    """Return all that a trial measured, by run, attempt and epoch."""
    return [told for run in record.runs for told in run.measurements]


def point_of(told: MeasurementRecord) -> Point:
    return Point(epoch=told.epoch, metrics=told.metrics, seconds=told.seconds, at=told.created_at.timestamp())
