"""An experiment's record, read for its figures: a fixed number of statements, however many trials there are."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import Double, cast, or_, select
from sqlalchemy.orm import Session

from controller import store
from controller.experiment import goals_of
from controller.figures.record import AttemptSeen, Curve, Record, RunSeen, TrialSeen
from controller.figures.shown import MOST_POINTS, runs_with_curves
from controller.history import past_of
from controller.tables import AttemptRow, ExperimentRow, MeasurementRow, RunRow, TrialRow
from podium.spec import ExperimentSpec


def read_record(session: Session, experiment_id: str, now: datetime) -> Record:
    """Return all that an experiment's figures are drawn from. Raises ExperimentNotFound."""
    row = store.experiment(session, experiment_id)
    spec = ExperimentSpec.model_validate(row.spec)
    goal = goals_of(spec)[0]
    history = past_of(session, experiment_id, spec, now).history
    runs = _runs(session, experiment_id)
    trials = _trials(session, experiment_id)  # after the runs: then each run's trial is among them
    attempts = _attempts(session, experiment_id, runs)
    return Record(
        id=experiment_id,
        spec=spec,
        state=row.state,
        created_at=row.created_at,
        now=_stood_at(row, runs, attempts, now),
        trials=trials,
        runs=runs,
        attempts=attempts,
        curves=_curves(session, experiment_id, runs_with_curves(trials, runs, goal), goal.metric),
        history=history,
    )


def _stood_at(row: ExperimentRow, runs: Sequence[RunSeen], attempts: Sequence[AttemptSeen], now: datetime) -> datetime:
    """Return until when figures are drawn: the end of what has ended, even if its last Job was collected later."""
    ended = [time for time in (row.ended_at, *(run.ended_at for run in runs)) if time is not None]
    if len(ended) == 1 + len(runs):
        return max(ended)
    began = (run.created_at for run in runs)
    heard = (time for each in attempts for time in (each.created_at, each.started_at, each.heard_at, each.ended_at))
    # to the minute: two records between which nothing happened are the same, and so are their figures
    minute = now.replace(second=0, microsecond=0)
    return max([minute, row.created_at, *ended, *began, *(time for time in heard if time is not None)])


def _trials(session: Session, experiment_id: str) -> tuple[TrialSeen, ...]:
    columns = (getattr(TrialRow, name) for name in TrialSeen._fields)
    query = select(*columns).where(TrialRow.experiment_id == experiment_id).order_by(TrialRow.number)
    return tuple(TrialSeen(*row) for row in session.execute(query))


def _runs(session: Session, experiment_id: str) -> tuple[RunSeen, ...]:
    columns = (TrialRow.number if name == "trial" else getattr(RunRow, name) for name in RunSeen._fields)
    query = select(*columns).join(RunRow.trial).where(RunRow.experiment_id == experiment_id)
    return tuple(RunSeen(*row) for row in session.execute(query.order_by(RunRow.number)))


def _attempts(session: Session, experiment_id: str, runs: Sequence[RunSeen]) -> tuple[AttemptSeen, ...]:
    """Return the attempts of these runs; one that came since belongs to none of them."""
    columns = (RunRow.number if name == "run" else getattr(AttemptRow, name) for name in AttemptSeen._fields)
    query = select(*columns).join(AttemptRow.run).where(RunRow.experiment_id == experiment_id)
    known = {run.number for run in runs}
    seen = (AttemptSeen(*row) for row in session.execute(query.order_by(RunRow.number, AttemptRow.number)))
    return tuple(attempt for attempt in seen if attempt.run in known)


def _curves(session: Session, experiment_id: str, runs: Collection[RunSeen], metric: str) -> tuple[Curve, ...]:
    """Return what these runs measured: every epoch, or every so many and the last, where there are too many."""
    trained = sum(run.reached_epoch - run.from_epoch for run in runs)
    every = math.ceil(trained / MOST_POINTS)
    query = (
        select(RunRow.number, MeasurementRow.epoch, cast(MeasurementRow.metrics[metric].as_string(), Double))
        .join(MeasurementRow.attempt)
        .join(AttemptRow.run)
        .where(RunRow.experiment_id == experiment_id, RunRow.number.in_([run.number for run in runs]))
        .order_by(RunRow.number, MeasurementRow.epoch, MeasurementRow.attempt_id)
    )
    if every > 1:
        query = query.where(or_(MeasurementRow.epoch % every == 0, MeasurementRow.epoch == RunRow.reached_epoch))
    return _curves_of(tuple(row) for row in session.execute(query))


def _curves_of(rows: Iterable[tuple[int, int, float | None]]) -> tuple[Curve, ...]:
    """Return a curve for each run; of an epoch that several attempts measured, what the last of them found."""
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for run, epoch, value in rows:
        found[run][epoch] = math.nan if value is None else value
    return tuple(
        Curve(run, np.array(list(points), dtype=float), np.array(list(points.values()), dtype=float))
        for run, points in found.items()
    )
