"""Every question that is asked of the database. Who asks owns the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, contains_eager, selectinload

from controller.errors import ExperimentNotFound, NoTrialYet, Superseded, TrialNotFound
from controller.principal import seen_projects
from controller.tables import AttemptRow, ExperimentRow, MeasurementRow, RunRow, TrialRow
from podium.taxonomy import AttemptState, ExperimentState, RunState, TrialState

CREATION_LOCK = 7022
LARGEST_NUMBER, LARGEST_ID = 2**31 - 1, 2**63 - 1
"""What columns hold: nothing has a larger one, and PostgreSQL refuses to look for it."""


def experiment(session: Session, experiment_id: str, *, lock: bool = False) -> ExperimentRow:
    """Return an experiment, locked until the transaction ends if asked.

    Raises ExperimentNotFound, also for one of a project that the session's asker does not see.
    """
    found = session.get(ExperimentRow, experiment_id, with_for_update=lock or None, populate_existing=lock)
    seen = seen_projects(session)
    if found is None or not (seen is None or found.project in seen):
        raise ExperimentNotFound(f"no experiment {experiment_id!r}; `podium ls` lists them")
    return found


def experiment_of_key(session: Session, project: str, idempotency_key: str) -> ExperimentRow | None:
    key = ExperimentRow.idempotency_key == idempotency_key
    return session.scalar(select(ExperimentRow).where(ExperimentRow.project == project, key))


def serialize_creation(session: Session) -> None:
    """Let one transaction at a time create an experiment: two requests with one key must not both find it new."""
    session.execute(select(func.pg_advisory_xact_lock(CREATION_LOCK)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentFilter:
    state: ExperimentState | None = None
    name: str | None = None
    project: str | None = None
    containing: str | None = None  # part of the id, and so of the name
    older_than: tuple[datetime, str] | None = None
    """Key of the last experiment of the page before."""


def experiments(session: Session, wanted: ExperimentFilter, limit: int) -> Sequence[ExperimentRow]:
    """Return the newest experiments first, of the projects that the session's asker sees."""
    query = select(ExperimentRow).order_by(ExperimentRow.created_at.desc(), ExperimentRow.id.desc()).limit(limit)
    if wanted.state is not None:
        query = query.where(ExperimentRow.state == wanted.state)
    if wanted.name is not None:
        query = query.where(ExperimentRow.name == wanted.name)
    if wanted.project is not None:
        query = query.where(ExperimentRow.project == wanted.project)
    if (seen := seen_projects(session)) is not None:
        query = query.where(ExperimentRow.project.in_(seen))
    if wanted.containing:
        query = query.where(ExperimentRow.id.icontains(wanted.containing, autoescape=True))
    if wanted.older_than is not None:
        query = query.where(tuple_(ExperimentRow.created_at, ExperimentRow.id) < wanted.older_than)
    return session.scalars(query).all()


def free_slots(session: Session) -> Mapping[str, int]:
    """Return how many runs each experiment may start now, those with none left out, the emptiest first."""
    running = select(RunRow.experiment_id, func.count().label("count")).where(RunRow.state == RunState.RUNNING)
    busy = running.group_by(RunRow.experiment_id).subquery()
    in_flight, parallelism = func.coalesce(busy.c.count, 0), ExperimentRow.spec["parallelism"].as_integer()
    query = (
        select(ExperimentRow.id, parallelism - in_flight)
        .outerjoin(busy, busy.c.experiment_id == ExperimentRow.id)
        .where(ExperimentRow.state == ExperimentState.RUNNING, in_flight < parallelism)
        .order_by(in_flight, ExperimentRow.created_at)
    )
    return {experiment: count for experiment, count in session.execute(query)}  # noqa: C416 - dict() cannot type a Row


def trials(session: Session, experiment_id: str, *, after: int = 0, limit: int | None = None) -> Sequence[TrialRow]:
    query = select(TrialRow).where(TrialRow.experiment_id == experiment_id, TrialRow.number > after)
    return session.scalars(query.order_by(TrialRow.number).limit(limit)).all()


def trial(session: Session, experiment_id: str, number: int) -> TrialRow:
    """Return a trial by its number. Raises TrialNotFound."""
    query = select(TrialRow).where(TrialRow.experiment_id == experiment_id, TrialRow.number == number)
    found = session.scalar(query) if 0 < number <= LARGEST_NUMBER else None
    if found is None:
        raise TrialNotFound(f"experiment {experiment_id!r} has no trial {number}")
    return found


def best_trial(session: Session, found: ExperimentRow) -> TrialRow:
    """Return the best trial at full fidelity that keeps to the thresholds. Raises NoTrialYet before the first."""
    best = session.scalar(_that_count(found).limit(1))
    if best is None:
        thresholds = " and kept to the thresholds" if found.spec.get("thresholds") else ""
        has_ended = found.state in (ExperimentState.STOPPED, ExperimentState.COMPLETED)
        then = f", and it has ended; `podium trials {found.id}` lists them" if has_ended else " yet; look again later"
        raise NoTrialYet(f"no trial of {found.id!r} has reached full fidelity{thresholds}{then}")
    return best


def trials_that_count(session: Session, found: ExperimentRow) -> Sequence[TrialRow]:
    """Return all trials at full fidelity that keep to the thresholds, the best first."""
    return session.scalars(_that_count(found)).all()


def _that_count(found: ExperimentRow) -> Select[TrialRow]:
    return _by_value(found).where(TrialRow.state == TrialState.COMPLETED, TrialRow.meets_thresholds)


def _by_value(found: ExperimentRow) -> Select[TrialRow]:
    is_maximized = found.spec["objective"]["direction"] == "maximize"
    order = TrialRow.value.desc() if is_maximized else TrialRow.value.asc()
    query = select(TrialRow).where(TrialRow.experiment_id == found.id, TrialRow.value.is_not(None))
    return query.order_by(order, TrialRow.number)


def runs(session: Session, experiment_id: str, *, after: int = 0, limit: int | None = None) -> Sequence[RunRow]:
    """Return runs in the order in which they were asked for, with their trials and attempts."""
    query = select(RunRow).where(RunRow.experiment_id == experiment_id, RunRow.number > after)
    loaded = query.join(RunRow.trial).options(contains_eager(RunRow.trial), selectinload(RunRow.attempts))
    return session.scalars(loaded.order_by(RunRow.number).limit(limit)).all()


def runs_of_trial(session: Session, trial_id: int) -> Sequence[RunRow]:
    query = select(RunRow).where(RunRow.trial_id == trial_id).join(RunRow.trial)
    loaded = query.options(contains_eager(RunRow.trial), selectinload(RunRow.attempts))
    return session.scalars(loaded.order_by(RunRow.number)).all()


def live_run(session: Session, trial_id: int) -> RunRow | None:
    query = select(RunRow).where(RunRow.trial_id == trial_id, RunRow.state == RunState.RUNNING)
    return session.scalar(query.with_for_update())


def latest_endings(session: Session, experiment_id: str, limit: int, *, since: datetime | None) -> Sequence[RunRow]:
    """Return the runs that ended last, the latest first."""
    query = select(RunRow).where(RunRow.experiment_id == experiment_id, RunRow.state == RunState.ENDED)
    if since is not None:
        query = query.where(RunRow.ended_at > since)
    return session.scalars(query.order_by(RunRow.ended_at.desc(), RunRow.id.desc()).limit(limit)).all()


def attempts(session: Session, experiment_id: str, *, after: int = 0, limit: int | None = None) -> Sequence[AttemptRow]:
    """Return attempts in the order in which they were made."""
    query = select(AttemptRow).join(AttemptRow.run).where(RunRow.experiment_id == experiment_id, AttemptRow.id > after)
    return session.scalars(query.order_by(AttemptRow.id).limit(limit)).all()


def measurements(session: Session, trial_id: int) -> Sequence[MeasurementRow]:
    """Return a trial's measurements by epoch, those of later attempts after those of earlier ones."""
    query = select(MeasurementRow).where(MeasurementRow.trial_id == trial_id).join(MeasurementRow.attempt)
    loaded = query.options(contains_eager(MeasurementRow.attempt))
    return session.scalars(loaded.order_by(MeasurementRow.epoch, MeasurementRow.attempt_id)).all()


def last_measurement(session: Session, run_id: int) -> MeasurementRow | None:
    """Return what is known of the furthest epoch that a run reached."""
    query = select(MeasurementRow).join(MeasurementRow.attempt).where(AttemptRow.run_id == run_id)
    return session.scalar(query.order_by(MeasurementRow.epoch.desc(), MeasurementRow.attempt_id.desc()).limit(1))


def lock_attempt(session: Session, job: str) -> AttemptRow:
    """Return an attempt with its run, trial and experiment; the run is locked. Raises Superseded when it is gone."""
    query = (
        select(AttemptRow)
        .join(AttemptRow.run)
        .join(RunRow.trial)
        .join(TrialRow.experiment)
        .where(AttemptRow.job == job)
        .options(contains_eager(AttemptRow.run).contains_eager(RunRow.trial).contains_eager(TrialRow.experiment))
        .with_for_update(of=[RunRow, AttemptRow])
        .execution_options(populate_existing=True)
    )
    found = session.scalar(query)
    if found is None:
        raise Superseded(f"attempt {job!r} is gone with its experiment; exit")
    return found


def learn_slowest_epoch(session: Session, experiment_id: str, seconds: float) -> None:
    """Remember how long an epoch of a full training can take. Writes only when it is the slowest so far."""
    known = func.coalesce(ExperimentRow.slowest_epoch_seconds, -1.0)
    slower = update(ExperimentRow).where(ExperimentRow.id == experiment_id, known < seconds)
    session.execute(slower.values(slowest_epoch_seconds=seconds).execution_options(synchronize_session=False))


def attempts_of_run(session: Session, run_id: int) -> list[AttemptRow]:
    return list(session.scalars(select(AttemptRow).where(AttemptRow.run_id == run_id).order_by(AttemptRow.number)))


def latest_attempt_endings(
    session: Session, experiment_id: str, limit: int, *, since: datetime | None
) -> Sequence[AttemptRow]:
    """Return the attempts that ended last, the latest first."""
    query = select(AttemptRow).join(AttemptRow.run).where(RunRow.experiment_id == experiment_id)
    ended = query.where(AttemptRow.state == AttemptState.ENDED)
    if since is not None:
        ended = ended.where(AttemptRow.ended_at > since)
    return session.scalars(ended.order_by(AttemptRow.ended_at.desc(), AttemptRow.id.desc()).limit(limit)).all()


def attempts_of_trial(session: Session, trial_id: int) -> Sequence[AttemptRow]:
    query = select(AttemptRow).join(AttemptRow.run).where(RunRow.trial_id == trial_id)
    return session.scalars(query.order_by(AttemptRow.id)).all()


def has_started_attempts(session: Session, experiment_id: str) -> bool:
    """Say whether anything of an experiment runs now, as far as was heard or seen."""
    query = select(AttemptRow.id).join(AttemptRow.run).where(RunRow.experiment_id == experiment_id)
    signs = or_(AttemptRow.heard_at.is_not(None), AttemptRow.started_at.is_not(None))
    return session.scalar(query.where(AttemptRow.state != AttemptState.ENDED, signs).limit(1)) is not None


def has_live_attempts(session: Session, experiment_id: str) -> bool:
    query = select(AttemptRow.id).join(AttemptRow.run).where(RunRow.experiment_id == experiment_id)
    return session.scalar(query.where(AttemptRow.state != AttemptState.ENDED).limit(1)) is not None


class Newest(NamedTuple):
    """The numbers that were given last, 0 before the first: both count without a gap, and none is deleted alone."""

    trial: int
    run: int


def newest(session: Session, experiment_id: str) -> Newest:
    trial = select(func.max(TrialRow.number)).where(TrialRow.experiment_id == experiment_id).scalar_subquery()
    run = select(func.max(RunRow.number)).where(RunRow.experiment_id == experiment_id).scalar_subquery()
    return Newest(*session.execute(select(func.coalesce(trial, 0), func.coalesce(run, 0))).one())
