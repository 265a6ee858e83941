"""What is counted in the database for people and for Prometheus: states, ends, waits, and what was spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Double, case, func, literal, literal_column, or_, select
from sqlalchemy.orm import Session

from controller.tables import AttemptRow, ExperimentRow, RunRow, TrialRow
from podium.taxonomy import AttemptState, EndReason, ExperimentState, TrialState

QUEUE_WAIT_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 4 * 3600.0, 24 * 3600.0)
RECENT = timedelta(hours=24)
"""So long after its end an experiment's spending is still told; Prometheus remembers it for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    experiments: dict[ExperimentState, int]
    trials: dict[TrialState, int]
    runs_ended: dict[EndReason, int]
    attempts_ended: dict[EndReason, int]


def counts(session: Session) -> Counts:
    """Count states and ends over all experiments."""
    experiments = select(ExperimentRow.state, func.count()).group_by(ExperimentRow.state)
    trials = select(TrialRow.state, func.count()).group_by(TrialRow.state)
    runs = select(RunRow.end_reason, func.count()).group_by(RunRow.end_reason)
    attempts = select(AttemptRow.end_reason, func.count()).group_by(AttemptRow.end_reason)
    return Counts(
        experiments={state: count for state, count in session.execute(experiments)},  # noqa: C416 - rows are no pairs
        trials={state: count for state, count in session.execute(trials)},  # noqa: C416
        runs_ended={reason: count for reason, count in session.execute(runs) if reason is not None},
        attempts_ended={reason: count for reason, count in session.execute(attempts) if reason is not None},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long attempts waited from when they might have started until their processes did."""

    within: tuple[int, ...]
    """For each of QUEUE_WAIT_SECONDS, how many waited no longer."""
    count: int
    total_seconds: float


def queue_waits(session: Session) -> Waits:
    """Count the waits of every attempt whose cluster tells when a process starts. A retry's own pause is no wait."""
    from_then_on = func.greatest(AttemptRow.created_at, AttemptRow.not_before)
    waited = func.greatest(_seconds(AttemptRow.started_at - from_then_on), 0.0)
    within = [func.count().filter(waited <= limit) for limit in QUEUE_WAIT_SECONDS]
    query = select(func.count(), func.coalesce(func.sum(waited), 0.0), *within)
    count, total_seconds, *found = session.execute(query.where(AttemptRow.started_at.is_not(None))).one()
    return Waits(within=tuple(found), count=count, total_seconds=total_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What an experiment's Pods have held and cost so far."""

    accelerator_hours: float
    money: float | None
    """None where no price is known."""
    currency: str | None = None
    """Of all the prices, where they name one and the same."""


NO_BILL = Bill(accelerator_hours=0.0, money=None)


def bills(session: Session, experiment_ids: Sequence[str], now: datetime) -> Mapping[str, Bill]:
    """Return experiments' bills by their ids."""
    hours = _held_seconds(now) / 3600.0
    named = func.coalesce(AttemptRow.price_currency, "")  # MIN and MAX pass over what is NULL
    is_priced = AttemptRow.price_per_hour.is_not(None)
    lowest, highest = func.min(named).filter(is_priced), func.max(named).filter(is_priced)
    query = (
        select(
            RunRow.experiment_id,
            func.sum(hours * AttemptRow.accelerators),
            func.sum(hours * AttemptRow.price_per_hour),
            func.nullif(case((lowest == highest, lowest)), ""),
        )
        .join(AttemptRow.run)
        .where(RunRow.experiment_id.in_(experiment_ids), _is_charged())
        .group_by(RunRow.experiment_id)
    )
    found = {
        each: Bill(accelerator_hours=held, money=cost, currency=currency)
        for each, held, cost, currency in session.execute(query)
    }
    return {each: found.get(each, NO_BILL) for each in experiment_ids}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBill:
    """What the attempts at one run held: slots, whether there is a price for them or not."""

    run_id: int
    hours: float
    accelerator_hours: float
    money: float | None
    unpriced_hours: float


def held_by_run(session: Session, experiment_id: str, now: datetime, price_per_hour: float | None) -> Sequence[RunBill]:
    """Return what each run of an experiment held; `price_per_hour` is that of slots without a price of their own."""
    hours = _held_seconds(now) / 3600.0
    price = func.coalesce(AttemptRow.price_per_hour, literal(price_per_hour, Double))
    query = (
        select(
            RunRow.id,
            func.sum(hours),
            func.sum(hours * AttemptRow.accelerators),
            func.sum(hours * price),
            func.coalesce(func.sum(hours).filter(price.is_(None)), 0.0),
        )
        .join(AttemptRow.run)
        .where(RunRow.experiment_id == experiment_id)
        .group_by(RunRow.id)
    )
    return [
        RunBill(run_id=run_id, hours=held, accelerator_hours=accelerators, money=money, unpriced_hours=unpriced)
        for run_id, held, accelerators, money, unpriced in session.execute(query)
    ]


def recent_bills(session: Session, now: datetime) -> Mapping[str, Bill]:
    """Return the bills of experiments that are alive or have ended not long ago."""
    is_recent = func.coalesce(ExperimentRow.ended_at, now) > now - RECENT
    return bills(session, list(session.scalars(select(ExperimentRow.id).where(is_recent))), now)


def _is_charged() -> ColumnElement[bool]:
    """Say whether an attempt held or cost anything, in the words of the index of those that did."""
    return or_(AttemptRow.accelerators > literal_column("0"), AttemptRow.price_per_hour.is_not(None))


def _held_seconds(now: datetime) -> ColumnElement[float]:
    """Return how long an attempt's Pod has held its node, as far as its start is known; one that waits holds none."""
    since = func.coalesce(AttemptRow.started_at, case((AttemptRow.heard_at.is_not(None), AttemptRow.created_at)))
    # its last result is in: it exits in seconds, while nobody may look for days, as after `podium run --local`
    is_exiting = AttemptRow.state == AttemptState.REPORTED
    until = func.coalesce(AttemptRow.ended_at, case((is_exiting, AttemptRow.changed_at)), literal(now))
    return func.greatest(_seconds(until - since), 0.0)


def _seconds(duration: ColumnElement[datetime] | ColumnElement[datetime | None]) -> ColumnElement[float]:
    """Return a difference of moments in seconds; SQLAlchemy takes its type for a moment's."""
    return func.date_part("epoch", duration, type_=Double)  # EXTRACT counts in decimal digits, at many times the cost
