"""What an experiment has spent and learned, as the optimizer wants to see it. Ended runs are its observations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypedDict

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from controller.endings import RESULTS
from controller.experiment import History, InFlight, Observation, ladder_of
from controller.tables import RunRow, TrialRow
from podium.spec import Configuration, ExperimentSpec
from podium.taxonomy import EndReason, RunState, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A history that can be carried on by what was started since it was read."""

    history: History
    spec: ExperimentSpec
    spent: "Spending"

    def and_then(self, started: InFlight) -> "Past":
        """Return what reading it again would find, had nothing else happened than this start."""
        spent = replace(
            self.spent, epochs=self.spent.epochs + started.to_epochs - started.from_epochs, runs=self.spent.runs + 1
        )
        in_flight = (*self.history.in_flight, started)
        return replace(self, spent=spent, history=replace(self.history, in_flight=in_flight, **_left(self.spec, spent)))


def past_of(session: Session, experiment_id: str, spec: ExperimentSpec) -> Past:
    """Return what the optimizer may know, in the order in which it became known."""
    runs = _runs(session, experiment_id)  # before the trials: then each run's trial is among them
    trials = {trial.id: trial for trial in _trials(session, experiment_id)}
    spent = spendings(session, [experiment_id])[experiment_id]
    history = History(
        observations=tuple(_observation(run, trials[run.trial_id]) for run in runs if _is_observation(run)),
        in_flight=tuple(_in_flight(run, trials[run.trial_id]) for run in runs if run.state is RunState.RUNNING),
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
    cost, runs = spec.budget.cost, spec.budget.runs
    return _Left(
        remaining_cost=float("inf") if cost is None else cost - ladder_of(spec.fidelity).cost(0, spent.epochs),
        remaining_runs=float("inf") if runs is None else runs - spent.runs,
    )


class _Run(NamedTuple):
    """What matters of a row. Thousands are read for each question, and an entity costs ten times as much."""

    trial_id: int
    from_epoch: int
    to_epoch: int
    reached_epoch: int
    state: RunState
    end_reason: EndReason | None
    value: float | None


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


def _is_observation(run: _Run) -> bool:
    """Say whether an ended run tells the optimizer something: a value, or that the configuration fails."""
    return run.state is RunState.ENDED and (run.value is not None or run.end_reason not in RESULTS)


def _observation(run: _Run, trial: _Trial) -> Observation:
    epochs = run.reached_epoch if run.value is not None else run.to_epoch
    return Observation(trial=trial.number, configuration=trial.configuration, epochs=epochs, value=run.value)


def _in_flight(run: _Run, trial: _Trial) -> InFlight:
    return InFlight(
        trial=trial.number,
        configuration=trial.configuration,
        from_epochs=run.from_epoch,
        to_epochs=run.to_epoch,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    epochs: int
    """Runs in flight by how far they will go, ended ones by how far they came; a failed one began at least an epoch.

    Were failures free, a budget of cost alone would never end where every configuration diverges at once.
    """
    runs: int
    in_flight: int
    promotions: int


def spendings(session: Session, ids: Sequence[str]) -> Mapping[str, Spending]:
    """Return what each experiment has spent, by its id."""
    end = case(
        (RunRow.state == RunState.RUNNING, RunRow.to_epoch),
        (RunRow.end_reason.in_(RESULTS), RunRow.reached_epoch),
        else_=func.greatest(RunRow.reached_epoch, RunRow.from_epoch + 1),
    )
    query = select(
        RunRow.experiment_id,
        func.sum(end - RunRow.from_epoch),
        func.count(),
        func.count().filter(RunRow.state == RunState.RUNNING),
        func.count().filter(RunRow.from_epoch > 0),
    ).where(RunRow.experiment_id.in_(ids))
    found = {
        experiment: Spending(epochs=epochs, runs=total, in_flight=in_flight, promotions=promotions)
        for experiment, epochs, total, in_flight, promotions in session.execute(query.group_by(RunRow.experiment_id))
    }
    nothing = Spending(epochs=0, runs=0, in_flight=0, promotions=0)
    return {each: found.get(each, nothing) for each in ids}
