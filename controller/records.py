"""Many trials at once with all that they measured, for exports: three queries a page, however many trials it has."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from controller import report
from controller.tables import AttemptRow, MeasurementRow, RunRow, TrialRow
from podium.exporting.record import MeasurementRecord, RunRecord, TrialRecord
from podium.measured import TrialMeasurements
from podium.wire import Measurement


class _Tries(NamedTuple):
    times: int
    started_at: datetime | None


def records_of(session: Session, trials: Sequence[TrialRow], *, full_epochs: int) -> list[TrialRecord]:
    """Return these trials in their order, with their runs and measurements."""
    runs = _runs(session, [trial.id for trial in trials])
    run_ids = [run.id for each in runs.values() for run in each]
    tries, measured = _tries(session, run_ids), _measured(session, run_ids)
    return [
        TrialRecord(
            trial=report.trial(trial),
            runs=[_run(run, tries[run.id], measured.get(run.id, []), full_epochs) for run in runs.get(trial.id, [])],
        )
        for trial in trials
    ]


def measurements_of(session: Session, trials: Sequence[TrialRow]) -> list[TrialMeasurements]:
    """Return all epochs of these trials, in the trials' order."""
    query = select(MeasurementRow).where(MeasurementRow.trial_id.in_([trial.id for trial in trials]))
    loaded = query.join(MeasurementRow.attempt).options(contains_eager(MeasurementRow.attempt))
    found: dict[int, list[Measurement]] = defaultdict(list)
    for row in session.scalars(loaded.order_by(MeasurementRow.epoch, MeasurementRow.attempt_id)):
        found[row.trial_id].append(report.measurement(row))
    return [TrialMeasurements(number=trial.number, measurements=found.get(trial.id, [])) for trial in trials]


def _runs(session: Session, trial_ids: Sequence[int]) -> Mapping[int, Sequence[RunRow]]:
    found: dict[int, list[RunRow]] = defaultdict(list)
    for run in session.scalars(select(RunRow).where(RunRow.trial_id.in_(trial_ids)).order_by(RunRow.number)):
        found[run.trial_id].append(run)
    return found


def _tries(session: Session, run_ids: Sequence[int]) -> Mapping[int, _Tries]:
    query = (
        select(AttemptRow.run_id, func.count(), func.min(AttemptRow.started_at))
        .where(AttemptRow.run_id.in_(run_ids))
        .group_by(AttemptRow.run_id)
    )
    found: dict[int, _Tries] = defaultdict(lambda: _Tries(0, None))
    found.update({run_id: _Tries(count, started_at) for run_id, count, started_at in session.execute(query)})
    return found


def _measured(session: Session, run_ids: Sequence[int]) -> Mapping[int, list[MeasurementRecord]]:
    query = (
        select(
            AttemptRow.run_id,
            AttemptRow.number,
            MeasurementRow.epoch,
            MeasurementRow.metrics,
            MeasurementRow.seconds,
            MeasurementRow.samples_per_second,
            MeasurementRow.created_at,
        )
        .join(MeasurementRow.attempt)
        .where(AttemptRow.run_id.in_(run_ids))
        .order_by(AttemptRow.run_id, AttemptRow.number, MeasurementRow.epoch)
    )
    found: dict[int, list[MeasurementRecord]] = defaultdict(list)
    for run_id, attempt, epoch, metrics, seconds, samples_per_second, created_at in session.execute(query):
        found[run_id].append(
            MeasurementRecord(
                attempt=attempt,
                epoch=epoch,
                metrics=metrics,
                seconds=seconds,
                samples_per_second=samples_per_second,
                created_at=created_at,
            )
        )
    return found


def _run(row: RunRow, tries: _Tries, measurements: list[MeasurementRecord], full_epochs: int) -> RunRecord:
    return RunRecord(
        number=row.number,
        rung=row.rung,
        from_epoch=row.from_epoch,
        to_epoch=row.to_epoch,
        reached_epoch=row.reached_epoch,
        is_promotion=row.is_promotion,
        state=row.state,
        end_reason=row.end_reason,
        value=row.value,
        source=str(row.reasons["source"]),
        cost=(row.reached_epoch - row.from_epoch) * row.epoch_cost / full_epochs,
        seconds=row.seconds,
        attempts=tries.times,
        created_at=row.created_at,
        started_at=tries.started_at,
        ended_at=row.ended_at,
        measurements=measurements,
    )
