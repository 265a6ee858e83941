"""Trials with all that they measured, made whole by one call."""

from datetime import UTC, datetime, timedelta
from typing import Any

from podium.exporting.record import MeasurementRecord, RunRecord, TrialRecord
from podium.taxonomy import EndReason, RunState, TrialState
from podium.wire import Trial

BORN = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def a_measurement(epoch: int, attempt: int = 1, **metrics: float) -> MeasurementRecord:
    return MeasurementRecord(
        attempt=attempt,
        epoch=epoch,
        metrics=metrics or {"val_accuracy": 0.1 * epoch, "val_loss": 1 / epoch},
        seconds=1.5,
        samples_per_second=96.0,
        created_at=BORN + timedelta(minutes=10 * attempt + epoch),
    )


def a_run(number: int = 1, from_epoch: int = 0, to_epoch: int = 2, **changes: Any) -> RunRecord:
    plain = RunRecord(
        number=number,
        rung="full" if to_epoch == 4 else "small",
        from_epoch=from_epoch,
        to_epoch=to_epoch,
        reached_epoch=to_epoch,
        is_promotion=from_epoch > 0,
        state=RunState.ENDED,
        end_reason=EndReason.SUCCEEDED,
        value=0.1 * to_epoch,
        source="model",
        cost=(to_epoch - from_epoch) / 4,
        seconds=1.5 * (to_epoch - from_epoch),
        attempts=1,
        created_at=BORN,
        started_at=BORN + timedelta(seconds=1),
        ended_at=BORN + timedelta(hours=number),
        measurements=[a_measurement(epoch) for epoch in range(from_epoch + 1, to_epoch + 1)],
    )
    return plain.model_copy(update=changes)


def a_record(number: int = 1, configuration: dict[str, Any] | None = None, **changes: Any) -> TrialRecord:
    """A trial that was promoted once, and then trained in full."""
    trial = Trial(
        number=number,
        state=TrialState.COMPLETED,
        is_baseline=number == 1,
        configuration=configuration or {"learning_rate": 0.1 / number, "nesterov": number % 2 == 0},
        reached_epoch=4,
        value=0.4,
        metrics={"val_accuracy": 0.4, "val_loss": 0.25},
        created_at=BORN,
    )
    runs = changes.pop("runs", [a_run(2 * number - 1), a_run(2 * number, 2, 4)])
    return TrialRecord(trial=trial.model_copy(update=changes), runs=runs)
