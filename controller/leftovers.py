"""Checkpoints that may have to go, as rows: those of ended trials and of deleted experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from controller.progress import best_trials, front_of
from controller.retention import OPEN, STRAGGLERS, Lineage, Rule, Stored
from controller.tables import AttemptRow, DeletedExperimentRow, ExperimentRow, RunRow, TrialRow
from podium.taxonomy import AttemptState, EndReason, TrialState

RULE_BEFORE_RULES: Rule = "last"
"""An experiment from before there was a rule names none in its spec, and keeps everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An ended trial whose checkpoints may still be there."""

    trial_id: int
    experiment: str
    number: int
    rule: Rule
    lineage: Lineage


def leftovers(session: Session, *, now: datetime, after: int, limit: int) -> list[Leftover]:
    """Return trials that rest, and of whose checkpoints something is to be decided or done now, by their ids."""
    rows = session.execute(_resting(now).where(TrialRow.id > after).order_by(TrialRow.id).limit(limit)).all()
    ids = {row.experiment_id for row in rows}
    experiments = session.scalars(select(ExperimentRow).where(ExperimentRow.id.in_(ids))).all()
    best = {each: {number} for each, number in _best_numbers(session, experiments).items()}
    for each in experiments:
        if each.spec.get("other_objectives"):  # whoever is beaten in everything will stay so
            best[each.id] = best.get(each.id, set()) | {trial.number for trial in front_of(session, each)}
    rules = {each.id: each.spec.get("checkpoints", RULE_BEFORE_RULES) for each in experiments}
    return [
        Leftover(
            trial_id=row.id,
            experiment=row.experiment_id,
            number=row.number,
            rule=rules[row.experiment_id],
            lineage=Lineage(
                state=row.state,
                stored=row.checkpoints,
                is_best=row.number in best.get(row.experiment_id, ()),
                is_over=row.is_over,
                ended_at=row.ended_at,
            ),
        )
        for row in rows
    ]


def _best_numbers(session: Session, experiments: Sequence[ExperimentRow]) -> Mapping[str, int]:
    """Return the best trial's number: at full fidelity, and before the first there, at the highest rung reached.

    A trial that ends below the best there will never displace it, so that to remove its checkpoints stays right.
    """
    best = {each: found.number for each, found in best_trials(session, experiments).items()}
    others = [each for each in experiments if each.id not in best]
    maximized = [each.id for each in others if each.spec["objective"]["direction"] == "maximize"]
    loss = case((RunRow.experiment_id.in_(maximized), -RunRow.value), else_=RunRow.value)
    query = (
        select(RunRow.experiment_id, TrialRow.number)
        .ext(distinct_on(RunRow.experiment_id))
        .join(TrialRow, TrialRow.id == RunRow.trial_id)
        .where(RunRow.experiment_id.in_([each.id for each in others]))
        .where(RunRow.end_reason == EndReason.SUCCEEDED, RunRow.value.is_not(None))
        .order_by(RunRow.experiment_id, RunRow.to_epoch.desc(), loss, TrialRow.number)
    )
    return best | {experiment: number for experiment, number in session.execute(query)}  # noqa: C416 - as in progress


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


def _resting(now: datetime) -> Select[int, str, int, TrialState, Stored, bool, datetime | None]:
    """Select trials that nothing is running of; those that were removed early once it is time to look again.

    Most trials of a search are paused, and this is asked every few seconds: what the rule would spare is not selected.
    """
    trials, a_day_ago = aliased(TrialRow), now - STRAGGLERS
    last_end = select(func.max(AttemptRow.ended_at)).join(AttemptRow.run).where(RunRow.trial_id == TrialRow.id)
    ended_at = last_end.scalar_subquery()
    attempts = select(AttemptRow.id).join(AttemptRow.run).where(RunRow.trial_id == TrialRow.id)
    is_alive = attempts.where(AttemptRow.state != AttemptState.ENDED)
    something_runs = select(trials.id).where(
        trials.experiment_id == TrialRow.experiment_id, trials.state == TrialState.RUNNING
    )
    is_over = and_(ExperimentRow.ended_at.is_not(None), ~something_runs.exists())
    return (
        select(
            TrialRow.id,
            TrialRow.experiment_id,
            TrialRow.number,
            TrialRow.state,
            TrialRow.checkpoints,
            is_over.label("is_over"),
            ended_at.label("ended_at"),
        )
        .join(ExperimentRow, ExperimentRow.id == TrialRow.experiment_id)
        .where(
            TrialRow.checkpoints.in_(OPEN),
            TrialRow.state != TrialState.RUNNING,
            or_(TrialRow.state != TrialState.PAUSED, is_over),
            or_(TrialRow.checkpoints == Stored.KEPT, and_(TrialRow.created_at <= a_day_ago, ended_at <= a_day_ago)),
            ended_at.is_not(None),
            ~is_alive.exists(),
        )
    )
