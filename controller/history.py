"""What an experiment has spent and learned, as the optimizer wants to see it. Ended runs are its observations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypedDict

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from controller.endings import RESULTS
from controller.experiment import History, InFlight, Ladder, Observation, ladder_of
from controller.tables import AttemptRow, MeasurementRow, RunRow, TrialRow
from controller.tallies import bills
from podium.parameters import Configuration
from podium.spec import Budget, ExperimentSpec
from podium.taxonomy import EndReason, RunState, TrialState
from podium.wire import STANDARD_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A history that can be carried on by what was started since it was read."""

    history: History
    spec: ExperimentSpec
    spent: "Spending"

    def and_then(self, started: InFlight) -> "Past":
        """Return what reading it again would find, had nothing else happened than this start."""
        more = (started.to_epochs - started.from_epochs) * ladder_of(self.spec.fidelity).epoch_cost(started.to_epochs)
        spent = replace(
            self.spent,
            epochs=self.spent.epochs + more,
            pledged_epochs=self.spent.pledged_epochs + more,
            runs=self.spent.runs + 1,
        )
        in_flight = (*self.history.in_flight, started)
        return replace(self, spent=spent, history=replace(self.history, in_flight=in_flight, **_left(self.spec, spent)))


def past_of(session: Session, experiment_id: str, spec: ExperimentSpec, now: datetime) -> Past:
    """Return what the optimizer may know, in the order in which it became known."""
    runs = _runs(session, experiment_id)  # before the trials: then each run's trial is among them
    trials = {trial.id: trial for trial in _trials(session, experiment_id)}
    under_way = _under_way(session, runs, trials, spec.objective.metric)
    spent, ladder = spendings(session, [experiment_id])[experiment_id], ladder_of(spec.fidelity)
    if spec.budget.money is not None:
        spent = replace(spent, money=bills(session, [experiment_id], now)[experiment_id].money or 0.0)
    history = History(
        observations=tuple(
            _observation(run, trials[run.trial_id], spec.objective.metric)
            for run in runs
            if _is_observation(run, ladder)
        ),
        in_flight=tuple(
            _in_flight(run, trials[run.trial_id], under_way.get(run.trial_id))
            for run in runs
            if run.state is RunState.RUNNING
        ),
        retired=frozenset(
            trial.number for trial in trials.values() if trial.state in (TrialState.STOPPED, TrialState.FAILED)
        ),
        **_left(spec, spent),
    )
    return Past(history=history, spec=spec, spent=spent)


class _Left(TypedDict):
    remaining_cost: float
    remaining_runs: float


def _left(spec: ExperimentSpec, spent: "Spending") -> _Left:
    return _Left(
        remaining_cost=_remaining_cost(spec.budget, spent, ladder_of(spec.fidelity)),
        remaining_runs=float("inf") if spec.budget.runs is None else spec.budget.runs - spent.runs,
    )


def _remaining_cost(budget: Budget, spent: "Spending", ladder: Ladder) -> float:
    """Return the full trainings that cost, time and money still allow.

    What time and money allow is known once an epoch was timed, and paid. Epochs that see less are a guess of what full
    ones take: a first full training, which will tell, is never refused by it.
    """
    limits = [float("inf")]
    if budget.cost is not None:
        limits.append(budget.cost - spent.epochs / ladder.full_epochs)
    for limit, gone in ((budget.hours, spent.seconds / 3600), (budget.money, spent.money)):
        if limit is not None and gone > 0 and spent.trained_epochs > 0:
            of_an_epoch = gone / spent.trained_epochs
            left = (limit - gone - of_an_epoch * spent.pledged_epochs) / (of_an_epoch * ladder.full_epochs)
            limits.append(left if spent.is_full_timed or gone >= limit else max(left, 1.0))
    return min(limits)


class _Run(NamedTuple):
    """What matters of a row. Thousands are read for each question, and an entity costs ten times as much."""

    id: int
    trial_id: int
    from_epoch: int
    to_epoch: int
    reached_epoch: int
    state: RunState
    end_reason: EndReason | None
    value: float | None
    metrics: Mapping[str, float] | None
    seconds: float


class _Trial(NamedTuple):
    id: int
    number: int
    configuration: Configuration
    state: TrialState


def _runs(session: Session, experiment_id: str) -> list[_Run]:
    columns = (getattr(RunRow, name) for name in _Run._fields)
    query = select(*columns).where(RunRow.experiment_id == experiment_id).order_by(RunRow.ended_at, RunRow.id)
    return [_Run(*row) for row in session.execute(query)]


def _trials(session: Session, experiment_id: str) -> list[_Trial]:
    columns = (getattr(TrialRow, name) for name in _Trial._fields)
    query = select(*columns).where(TrialRow.experiment_id == experiment_id).order_by(TrialRow.id)
    return [_Trial(*row) for row in session.execute(query)]


def _is_observation(run: _Run, ladder: Ladder) -> bool:
    """Say whether an ended run tells the optimizer something: a value, or that the configuration fails.

    One that was stopped before it had the length of a rung that sees what it saw is like no rung, and tells nothing.
    """
    if run.state is not RunState.ENDED:
        return False
    if run.value is None:
        return run.end_reason not in RESULTS
    return run.reached_epoch == run.to_epoch or ladder.sees_the_same(run.reached_epoch, run.to_epoch)


def _observation(run: _Run, trial: _Trial, metric: str) -> Observation:
    epochs = run.reached_epoch if run.value is not None else run.to_epoch
    seen, trained = _measured(trial, epochs, run.value, run.metrics or {}, metric), run.reached_epoch - run.from_epoch
    return replace(seen, epoch_seconds=run.seconds / trained) if trained > 0 and run.seconds > 0 else seen


def _measured(
    trial: _Trial, epochs: int, value: float | None, metrics: Mapping[str, float], metric: str
) -> Observation:
    reported = metrics.get(metric + STANDARD_ERROR)
    return Observation(
        trial=trial.number,
        configuration=trial.configuration,
        epochs=epochs,
        value=value,
        metrics=metrics,
        stderr=reported if reported is not None and reported > 0 else 0.0,
    )


def _in_flight(run: _Run, trial: _Trial, progress: Observation | None) -> InFlight:
    return InFlight(
        trial=trial.number,
        configuration=trial.configuration,
        from_epochs=run.from_epoch,
        to_epochs=run.to_epoch,
        progress=progress,
    )


def _under_way(
    session: Session, runs: Sequence[_Run], trials: Mapping[int, _Trial], metric: str
) -> Mapping[int, Observation]:
    """Return what runs in flight last reported, by their trials' keys."""
    moved = [run.id for run in runs if run.state is RunState.RUNNING and run.reached_epoch > run.from_epoch]
    query = (
        select(MeasurementRow.trial_id, MeasurementRow.epoch, MeasurementRow.metrics)
        .ext(distinct_on(MeasurementRow.trial_id))
        .join(MeasurementRow.attempt)
        .where(AttemptRow.run_id.in_(moved))
        .order_by(MeasurementRow.trial_id, MeasurementRow.epoch.desc(), MeasurementRow.attempt_id.desc())
    )
    return {
        trial_id: _measured(trials[trial_id], epoch, metrics[metric], metrics, metric)
        for trial_id, epoch, metrics in session.execute(query)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Epochs are those of a full training: one of a rung that sees less counts for less."""

    epochs: float
    """Runs in flight by how far they will go, ended ones by how far they came; a failed one began at least an epoch.

    Were failures free, a budget of cost alone would never end where every configuration diverges at once.
    """
    trained_epochs: float
    """That were reported."""
    pledged_epochs: float
    """That runs in flight have before them."""
    seconds: float
    """That epochs took."""
    is_full_timed: bool
    """Whether some of them saw what those of a full training see."""
    runs: int
    in_flight: int
    promotions: int
    money: float = 0.0
    """What Pods cost; read where it is limited."""


def spendings(session: Session, ids: Sequence[str]) -> Mapping[str, Spending]:
    """Return what each experiment has spent, by its id."""
    end = case(
        (RunRow.state == RunState.RUNNING, RunRow.to_epoch),
        (RunRow.end_reason.in_(RESULTS), RunRow.reached_epoch),
        else_=func.greatest(RunRow.reached_epoch, RunRow.from_epoch + 1),
    )
    is_running = RunRow.state == RunState.RUNNING
    left = func.coalesce(func.sum((RunRow.to_epoch - RunRow.reached_epoch) * RunRow.epoch_cost).filter(is_running), 0.0)
    query = select(
        RunRow.experiment_id,
        func.sum((end - RunRow.from_epoch) * RunRow.epoch_cost),
        func.sum((RunRow.reached_epoch - RunRow.from_epoch) * RunRow.epoch_cost),
        left,
        func.sum(RunRow.seconds),
        func.coalesce(func.bool_or(RunRow.epoch_cost == 1.0).filter(RunRow.seconds > 0), False),
        func.count(),
        func.count().filter(is_running),
        func.count().filter(RunRow.is_promotion),
    ).where(RunRow.experiment_id.in_(ids))
    found = {
        experiment: Spending(
            epochs=epochs,
            trained_epochs=trained,
            pledged_epochs=pledged,
            seconds=seconds,
            is_full_timed=is_timed,
            runs=runs,
            in_flight=in_flight,
            promotions=promotions,
        )
        for experiment, epochs, trained, pledged, seconds, is_timed, runs, in_flight, promotions in session.execute(
            query.group_by(RunRow.experiment_id)
        )
    }
    nothing = Spending(
        epochs=0.0,
        trained_epochs=0.0,
        pledged_epochs=0.0,
        seconds=0.0,
        is_full_timed=False,
        runs=0,
        in_flight=0,
        promotions=0,
    )
    return {each: found.get(each, nothing) for each in ids}
