"""A worker's report becomes a row. Every worker asks this after every epoch: it takes two statements, and no entity.

The attempt and its run are locked first, so that a report sent twice, or the attempt's end, waits for its turn; only
then is anything decided. What ends a run is rare, and is left to `runs`.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BindParameter, Table, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller import runs, store, tables
from controller.errors import InvalidRequest, MetricMissing, ObjectiveMissing, Superseded
from controller.tables import AttemptRow, ExperimentRow, MeasurementRow, RunRow
from podium.taxonomy import AttemptState, EndReason, ExperimentState, Verdict
from podium.wire import MeasurementReport

LEAST_COST = 0.1
"""Of an epoch that sees less, by which its seconds tell how long a full one may take: not all of it shrinks."""


def record(session: Session, job: str, report: MeasurementReport, now: datetime) -> Verdict:
    """Store an epoch's measurement and answer with the verdict. The same report again changes nothing.

    At the run's target, or when it is to stop, the run ends in this very transaction.
    Raises Superseded for an attempt that has ended; ObjectiveMissing, MetricMissing and InvalidRequest for a report
    that is no use.
    """
    found = _locked(session, job)
    if found.state in (AttemptState.REPORTED, AttemptState.ENDED):
        if not _is_known(session, found, report):
            raise Superseded(f"attempt {job!r} has ended; exit, nothing of this report was stored")
        return _verdict(found.end_reason)
    _check(report, found)
    if not _is_stored(session, found, report, now):
        return _verdict(found.end_reason)
    seconds = report.seconds / max(found.epoch_cost, LEAST_COST)
    if found.slowest_epoch_seconds is None or seconds > found.slowest_epoch_seconds:
        store.learn_slowest_epoch(session, found.experiment_id, seconds)
    reason = _why_it_ends(found, report)
    if reason is not None:
        runs.finish(session, job, reason, now)
    return _verdict(reason)


def _table(row: type[tables.Table]) -> Table:
    table = row.__table__
    assert isinstance(table, Table)
    return table


_attempts, _experiments, _measurements, _runs = map(_table, (AttemptRow, ExperimentRow, MeasurementRow, RunRow))


class _Found(NamedTuple):
    """What a report is judged by."""

    attempt_id: int
    state: AttemptState
    last_epoch: int | None
    has_progressed: bool
    run_id: int
    trial_id: int
    to_epoch: int
    reached_epoch: int
    epoch_cost: float
    end_reason: EndReason | None
    is_stop_requested: bool
    experiment_id: str
    experiment_state: ExperimentState
    metric: str
    other_objectives: list[dict[str, str]] | None
    thresholds: list[dict[str, str]] | None
    slowest_epoch_seconds: float | None


_FIND = (
    select(
        _attempts.c.id,
        _attempts.c.state,
        _attempts.c.last_epoch,
        _attempts.c.has_progressed,
        _runs.c.id,
        _runs.c.trial_id,
        _runs.c.to_epoch,
        _runs.c.reached_epoch,
        _runs.c.epoch_cost,
        _runs.c.end_reason,
        _runs.c.is_stop_requested,
        _experiments.c.id,
        _experiments.c.state,
        _experiments.c.spec["objective"]["metric"].as_string(),
        _experiments.c.spec["other_objectives"],
        _experiments.c.spec["thresholds"],
        _experiments.c.slowest_epoch_seconds,
    )
    .join(_runs, _runs.c.id == _attempts.c.run_id)
    .join(_experiments, _experiments.c.id == _runs.c.experiment_id)
    .where(_attempts.c.job == bindparam("job"))
    .with_for_update(of=[_runs, _attempts])
)


def _locked(session: Session, job: str) -> _Found:
    row = session.connection().execute(_FIND, {"job": job}).one_or_none()
    if row is None:
        raise Superseded(f"attempt {job!r} is gone with its experiment; exit")
    return _Found._make(row)


def _is_known(session: Session, found: _Found, report: MeasurementReport) -> bool:
    return session.get(MeasurementRow, (found.attempt_id, report.epoch)) is not None


def _check(report: MeasurementReport, found: _Found) -> None:
    if found.metric not in report.metrics:
        names = ", ".join(sorted(report.metrics))
        raise ObjectiveMissing(f"epoch {report.epoch} lacks the objective {found.metric!r}; it has {names}")
    if report.epoch > found.to_epoch:
        raise InvalidRequest(f"epoch {report.epoch} lies beyond the run's target, epoch {found.to_epoch}")
    if report.epoch < found.to_epoch:
        return  # what else is asked for may be dear to measure: it is due with the run's last epoch
    asked = [each["metric"] for each in (*(found.other_objectives or ()), *(found.thresholds or ()))]
    if missing := [metric for metric in asked if metric not in report.metrics]:
        lacking, names = ", ".join(missing), ", ".join(sorted(report.metrics))
        raise MetricMissing(
            f"epoch {report.epoch} lacks {lacking}, asked for by other_objectives or thresholds; it has {names}"
        )


def _given(name: str) -> BindParameter[object]:
    """Return a parameter of the statement below; a column's own name would be set wherever a column is called so."""
    return bindparam(f"given_{name}")


_measured = (
    insert(_measurements)
    .values({column.name: _given(column.name) for column in _measurements.c})
    .on_conflict_do_nothing()  # it was stored before
    .returning(_measurements.c.attempt_id, _measurements.c.trial_id)
    .cte("measured")
)
_heard = (
    update(_attempts)
    .where(_attempts.c.id == _measured.c.attempt_id)
    .values(last_epoch=_given("last_epoch"), heard_at=_given("created_at"), has_progressed=_given("has_progressed"))
)
_reached = (
    update(_runs)
    .where(_runs.c.id == _given("run_id"), _runs.c.trial_id == _measured.c.trial_id)
    .values(
        reached_epoch=func.greatest(_runs.c.reached_epoch, _given("epoch")),
        seconds=_runs.c.seconds + _given("seconds"),
    )
)
_STORE = select(_measured.c.attempt_id).add_cte(_heard.cte("heard"), _reached.cte("reached"))
"""Measurement, attempt and run at once; nothing changes where the measurement is known."""


def _is_stored(session: Session, found: _Found, report: MeasurementReport, now: datetime) -> bool:
    """Store a report, with what follows for its attempt and its run; say whether it was new."""
    values = {
        "attempt_id": found.attempt_id,
        "trial_id": found.trial_id,
        "epoch": report.epoch,
        "metrics": report.metrics,
        "seconds": report.seconds,
        "samples_per_second": report.samples_per_second,
        "created_at": now,
        "last_epoch": max(found.last_epoch or 0, report.epoch),
        "has_progressed": found.has_progressed or report.epoch > found.reached_epoch,  # to repeat is no progress
        "run_id": found.run_id,
    }
    given = {f"given_{name}": value for name, value in values.items()}
    return session.connection().execute(_STORE, given).one_or_none() is not None


def _why_it_ends(found: _Found, report: MeasurementReport) -> EndReason | None:
    if report.epoch == found.to_epoch:
        return EndReason.SUCCEEDED
    if found.is_stop_requested or found.experiment_state is ExperimentState.STOPPED:
        return EndReason.STOPPED
    return None


def _verdict(reason: EndReason | None) -> Verdict:
    return Verdict.STOP if reason is EndReason.STOPPED else Verdict.CONTINUE
