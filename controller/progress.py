"""How far experiments have come. Each question is asked once for all that are shown, never once for each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from controller import store
from controller.experiment import goals_of
from controller.front import on_the_front
from controller.history import Spending, spendings
from controller.tables import AttemptRow, ExperimentRow, RunRow, TrialRow
from controller.tallies import Bill, bills
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, TrialState

Ids = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """A trial's place in the results."""

    number: int
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an experiment stands."""

    spent: Spending
    trials: Mapping[TrialState, int]
    best: Best | None
    """At full fidelity; None before the first."""
    baseline_value: float | None
    waiting: Sequence[str]
    """What its Jobs wait for, in the cluster's words, the longest first."""
    bill: Bill


def standings(session: Session, experiments: Sequence[ExperimentRow], now: datetime) -> Mapping[str, Standing]:
    """Return where each experiment stands, by its id."""
    ids = [experiment.id for experiment in experiments]
    spent, trials, best = spendings(session, ids), _trials(session, ids), best_trials(session, experiments)
    baselines, waiting, bill = _baselines(session, ids), _waiting(session, ids), bills(session, ids, now)
    return {
        each: Standing(
            spent=spent[each],
            trials=trials.get(each, {}),
            best=best.get(each),
            baseline_value=baselines.get(each),
            waiting=waiting.get(each, ()),
            bill=bill[each],
        )
        for each in ids
    }


def _trials(session: Session, ids: Ids) -> Mapping[str, Mapping[TrialState, int]]:
    query = select(TrialRow.experiment_id, TrialRow.state, func.count()).where(TrialRow.experiment_id.in_(ids))
    counts: dict[str, dict[TrialState, int]] = defaultdict(dict)
    for experiment, state, count in session.execute(query.group_by(TrialRow.experiment_id, TrialRow.state)):
        counts[experiment][state] = count
    return counts


def best_trials(session: Session, experiments: Sequence[ExperimentRow]) -> Mapping[str, Best]:
    """Return each experiment's best trial at full fidelity, by its id; nothing for one that has none yet.

    The best keeps to its experiment's thresholds.
    """
    maximized = [each.id for each in experiments if each.spec["objective"]["direction"] == "maximize"]
    loss = case((TrialRow.experiment_id.in_(maximized), -TrialRow.value), else_=TrialRow.value)
    query = (
        select(TrialRow.experiment_id, TrialRow.number, TrialRow.value)
        .ext(distinct_on(TrialRow.experiment_id))
        .where(TrialRow.experiment_id.in_([each.id for each in experiments]))
        .where(TrialRow.state == TrialState.COMPLETED, TrialRow.value.is_not(None), TrialRow.meets_thresholds)
        .order_by(TrialRow.experiment_id, loss, TrialRow.number)
    )
    return {experiment: Best(number=number, value=value) for experiment, number, value in session.execute(query)}


def front_of(session: Session, experiment: ExperimentRow) -> list[TrialRow]:
    """Return the Pareto front: the trials that none beats in every objective, the best by the first objective first."""
    trials = store.trials_that_count(session, experiment)
    goals = goals_of(ExperimentSpec.model_validate(experiment.spec))
    return [trials[index] for index in on_the_front([trial.metrics for trial in trials], goals)]


def _baselines(session: Session, ids: Ids) -> Mapping[str, float | None]:
    query = select(TrialRow.experiment_id, TrialRow.value).where(TrialRow.experiment_id.in_(ids), TrialRow.is_baseline)
    return {experiment: value for experiment, value in session.execute(query)}  # noqa: C416 - dict() cannot type a Row


def _waiting(session: Session, ids: Ids) -> Mapping[str, Sequence[str]]:
    query = select(RunRow.experiment_id, AttemptRow.waiting).join(AttemptRow.run).where(RunRow.experiment_id.in_(ids))
    waits = query.where(AttemptRow.state != AttemptState.ENDED, AttemptRow.waiting != "").order_by(AttemptRow.id)
    found: dict[str, list[str]] = defaultdict(list)
    for experiment, words in session.execute(waits):
        found[experiment].append(words)
    return found
