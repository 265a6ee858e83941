"""Checkpoints that may have to go, as rows: those of ended trials and of deleted experiments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from controller import store
from controller.errors import NoTrialYet
from controller.retention import STRAGGLERS, Lineage, Rule, Stored
from controller.tables import AttemptRow, DeletedExperimentRow, ExperimentRow, RunRow, TrialRow
from podium.taxonomy import AttemptState, ExperimentState, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An ended trial whose checkpoints may still be there."""

    trial_id: int
    experiment: str
    number: int
    rule: Rule
    lineage: Lineage


def leftovers(session: Session, now: datetime, *, after: int, limit: int) -> list[Leftover]:
    """Return trials that will not be trained further and whose checkpoints are to be looked at now, by their ids."""
    rows = session.execute(_resting(now).where(TrialRow.id > after).order_by(TrialRow.id).limit(limit)).all()
    experiments = {experiment.id: experiment for _, experiment, _ in rows}
    best = {each.id: _best(session, each) for each in experiments.values()}
    return [
        _leftover(trial, experiment, ended_at, best[experiment.id])
        for trial, experiment, ended_at in rows
        if ended_at is not None
    ]


def mark(session: Session, trial_id: int, stored: Stored) -> None:
    session.execute(update(TrialRow).where(TrialRow.id == trial_id).values(checkpoints=stored))


def deleted_experiments(session: Session) -> Sequence[DeletedExperimentRow]:
    """Return the experiments that were deleted and whose checkpoints are not gone."""
    return session.scalars(select(DeletedExperimentRow).order_by(DeletedExperimentRow.deleted_at)).all()


def mark_deleted(session: Session, experiment_id: str, stored: Stored) -> None:
    """Note what is left of a deleted experiment; once nothing is, nothing of it is remembered."""
    this = DeletedExperimentRow.id == experiment_id
    if stored is Stored.GONE:
        session.execute(delete(DeletedExperimentRow).where(this))
    else:
        session.execute(update(DeletedExperimentRow).where(this).values(checkpoints=stored))


def _resting(now: datetime) -> Select[TrialRow, ExperimentRow, datetime | None]:
    """Select trials of which nothing runs or will run, with the end of their last attempt.

    Most trials of a search are paused, and this is asked every few seconds: what the rule would spare is not selected.
    An experiment from before there was a rule names none in its spec, and keeps everything.
    """
    attempts = select(func.max(AttemptRow.ended_at)).join(AttemptRow.run).where(RunRow.trial_id == TrialRow.id)
    alive = select(AttemptRow.id).join(AttemptRow.run).where(RunRow.trial_id == TrialRow.id)
    ended_at = attempts.scalar_subquery()
    is_over = ExperimentRow.state.in_((ExperimentState.STOPPED, ExperimentState.COMPLETED))
    return (
        select(TrialRow, ExperimentRow, ended_at)
        .join(ExperimentRow, ExperimentRow.id == TrialRow.experiment_id)
        .where(
            # one that was begun less than a day ago has not ended a day ago
            (TrialRow.checkpoints == Stored.KEPT)
            | ((TrialRow.checkpoints == Stored.REMOVED) & (TrialRow.created_at <= now - STRAGGLERS)),
            TrialRow.state.in_((TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED))
            | ((TrialRow.state == TrialState.PAUSED) & is_over),
            ExperimentRow.spec["checkpoints"].as_string().in_(("best", "none")),
            ~alive.where(AttemptRow.state != AttemptState.ENDED).exists(),
            ended_at.is_not(None),
        )
    )


def _best(session: Session, experiment: ExperimentRow) -> int | None:
    try:
        return store.best_trial(session, experiment).id
    except NoTrialYet:
        return None


def _leftover(trial: TrialRow, experiment: ExperimentRow, ended_at: datetime, best: int | None) -> Leftover:
    return Leftover(
        trial_id=trial.id,
        experiment=experiment.id,
        number=trial.number,
        rule=experiment.spec["checkpoints"],
        lineage=Lineage(
            state=trial.state,
            stored=trial.checkpoints,
            is_best=trial.id == best,
            is_over=experiment.state in (ExperimentState.STOPPED, ExperimentState.COMPLETED),
            ended_at=ended_at,
        ),
    )
