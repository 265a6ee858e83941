"""Every attempt that has not ended, as the plan wants to see it: read in every pass, a thousand at a time."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.patience import silence_seconds
from controller.plan import LiveAttempt, Wish
from controller.tables import AttemptRow, ExperimentRow, RunRow
from podium.taxonomy import AttemptState, ExperimentState


def live_attempts(session: Session) -> list[LiveAttempt]:
    """Return every attempt that has not ended, as the plan wants to see it."""
    columns = (getattr(AttemptRow, name) for name in _Live._fields)
    query = select(RunRow.experiment_id, RunRow.is_stop_requested, *columns).join(AttemptRow.run)
    alive = session.execute(query.where(AttemptRow.state != AttemptState.ENDED).order_by(AttemptRow.id)).all()
    # after the attempts: an experiment that is missing was deleted, and the attempt with it
    experiments = _experiments_by_id(session, {experiment_id for experiment_id, *_ in alive})
    return [
        _live_attempt(_Live(*rest), experiments[experiment_id], is_stop_requested=is_stop_requested)
        for experiment_id, is_stop_requested, *rest in alive
        if experiment_id in experiments
    ]


class _Live(NamedTuple):
    """What the plan wants of a row: a thousand of them are read in every pass, and entities cost four times as much."""

    job: str
    state: AttemptState
    not_before: datetime
    changed_at: datetime
    has_progressed: bool
    heard_at: datetime | None
    node: str | None
    waiting: str
    started_at: datetime | None
    ended_at: datetime | None
    silence_seconds: int | None


class _Searching(NamedTuple):
    state: ExperimentState
    slowest_epoch_seconds: float | None


def _experiments_by_id(session: Session, ids: Collection[str]) -> Mapping[str, _Searching]:
    columns = (ExperimentRow.id, ExperimentRow.state, ExperimentRow.slowest_epoch_seconds)
    found = session.execute(select(*columns).where(ExperimentRow.id.in_(ids)))
    return {each: _Searching(state=state, slowest_epoch_seconds=slowest) for each, state, slowest in found}


def _live_attempt(seen: _Live, experiment: _Searching, *, is_stop_requested: bool) -> LiveAttempt:
    return LiveAttempt(
        job=seen.job,
        state=seen.state,
        wish=_wish(experiment.state, seen, is_stop_requested=is_stop_requested),
        not_before=seen.not_before,
        changed_at=seen.changed_at,
        has_progressed=seen.has_progressed,
        heard_at=seen.heard_at,
        silence_seconds=silence_seconds(seen.silence_seconds, experiment.slowest_epoch_seconds),
        node=seen.node,
        waiting=seen.waiting,
        started_at=seen.started_at,
        ended_at=seen.ended_at,
    )


def _wish(state: ExperimentState, attempt: _Live, *, is_stop_requested: bool) -> Wish:
    if is_stop_requested and not _can_hear(attempt):  # one that runs hears of it at its next report
        return Wish.END
    match state:
        case ExperimentState.RUNNING | ExperimentState.COMPLETED:
            return Wish.RUN
        case ExperimentState.PAUSED:
            return Wish.HOLD
        case ExperimentState.STOPPED:
            return Wish.END


def _can_hear(attempt: _Live) -> bool:
    """Say whether the attempt has a process that asks, or is about to; not while its Job waits for a node, say."""
    waits = attempt.waiting != "" and attempt.started_at is None and attempt.heard_at is None
    return attempt.state is not AttemptState.PENDING and not (waits and attempt.state is AttemptState.RUNNING)
