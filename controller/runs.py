"""The verbs of a run's life: start, finish, end. Each changes rows only, in its caller's transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from controller import store, storms
from controller.database import wake_reconciler
from controller.endings import RESULTS
from controller.experiment import Suggestion, ladder_of
from controller.jobs import AttemptKey
from controller.retention import Stored
from controller.tables import AttemptRow, ExperimentRow, RunRow, TrialRow
from controller.webhooks.outbox import announce_if_best
from podium.parameters import Configuration
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, EndReason, RunState, TrialState
from podium.wire import Reasons

MODEL_VERSION = "6"
"""Changes whenever the optimizer would answer the same history differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How far a trial is to be trained next, why, and when that was decided."""

    to_epochs: int
    reasons: Reasons
    now: datetime
    newest: store.Newest
    """Of the experiment, which is locked: what is started gets the numbers after these."""


def add_trial(session: Session, experiment: ExperimentRow, configuration: Configuration, order: Order) -> AttemptKey:
    """Store a new trial with its first run and attempt."""
    trial = TrialRow(
        experiment_id=experiment.id,
        number=order.newest.trial + 1,
        state=TrialState.RUNNING,
        is_baseline=order.reasons.source == "baseline",
        configuration=configuration,
        reached_epoch=0,
        value=None,
        metrics=None,
        meets_thresholds=True,
        checkpoints=Stored.KEPT,
        created_at=order.now,
    )
    session.add(trial)
    session.flush()
    return _add_run(session, experiment, trial, order)


def start(
    session: Session, experiment: ExperimentRow, suggestion: Suggestion, newest: store.Newest, now: datetime
) -> AttemptKey:
    """Store what the optimizer asked for, with its reasons: a new trial, or a promotion."""
    reasons = Reasons(
        source=suggestion.source,
        acquisition=suggestion.acquisition,
        expected_gain=suggestion.expected_gain,
        predicted_mean=suggestion.predicted_mean,
        predicted_std=suggestion.predicted_std,
        model_version=MODEL_VERSION,
    )
    order = Order(to_epochs=suggestion.to_epochs, reasons=reasons, now=now, newest=newest)
    if suggestion.trial is None:
        return add_trial(session, experiment, suggestion.configuration, order)
    trial = store.trial(session, experiment.id, suggestion.trial)
    trial.state = TrialState.RUNNING
    return _add_run(session, experiment, trial, order)


def finish(session: Session, job: str, reason: EndReason, now: datetime) -> None:
    """End the run of an attempt that has reported all that it will."""
    attempt = store.lock_attempt(session, job)
    attempt.state, attempt.end_reason, attempt.changed_at = AttemptState.REPORTED, reason, now
    attempt.detail = "reached its target" if reason is EndReason.SUCCEEDED else _why_stopped(attempt.run)
    end_run(session, attempt.run, reason, now)
    wake_reconciler(session)


def _why_stopped(run: RunRow) -> str:
    if run.is_given_up:
        return "stopped early, since the rest of it promised less than other runs; it keeps its result"
    if run.reached_epoch == run.from_epoch:
        return "stopped by a verdict before its first epoch was over"
    return "stopped by a verdict, keeping its result"


def key_of(run: RunRow, attempt: int) -> AttemptKey:
    return AttemptKey(experiment=run.experiment_id, trial=run.trial.number, epochs=run.to_epoch, attempt=attempt)


def _add_run(session: Session, experiment: ExperimentRow, trial: TrialRow, order: Order) -> AttemptKey:
    ladder = ladder_of(ExperimentSpec.model_validate(experiment.spec).fidelity)
    start = ladder.start_of(trial.reached_epoch, order.to_epochs)
    run = RunRow(
        experiment_id=experiment.id,
        trial_id=trial.id,
        trial=trial,
        number=order.newest.run + 1,
        rung=ladder.name_of(order.to_epochs),
        is_promotion=trial.reached_epoch > 0,
        from_epoch=start,
        to_epoch=order.to_epochs,
        reached_epoch=start,
        epoch_cost=ladder.epoch_cost(order.to_epochs),
        state=RunState.RUNNING,
        end_reason=None,
        value=None,
        metrics=None,
        seconds=0.0,
        reasons=order.reasons.model_dump(mode="json"),
        is_stop_requested=False,
        is_given_up=False,
        created_at=order.now,
        ended_at=None,
    )
    session.add(run)
    session.flush()
    add_attempt(session, run, 1, order.now, now=order.now)
    return key_of(run, 1)


def add_attempt(session: Session, run: RunRow, number: int, not_before: datetime, *, now: datetime) -> AttemptRow:
    attempt = AttemptRow(
        run_id=run.id,
        run=run,
        number=number,
        job=key_of(run, number).job,
        state=AttemptState.PENDING,
        end_reason=None,
        exit_code=None,
        detail="",
        log_tail="",
        last_epoch=None,
        has_progressed=False,
        not_before=not_before,
        node=None,
        waiting="",
        refused_since=None,
        silence_seconds=None,
        out_of_memory_factor=None,
        accelerators=0.0,
        price_per_hour=None,
        price_currency=None,
        price_source=None,
        image=None,
        podium_version=None,
        cluster=None,
        environment=None,
        heard_at=None,
        under_way=None,
        started_at=None,
        changed_at=now,
        created_at=now,
        ended_at=None,
    )
    session.add(attempt)
    session.flush()
    return attempt


def end_run(session: Session, run: RunRow, reason: EndReason, now: datetime) -> None:
    trial, experiment = run.trial, run.trial.experiment
    run.state, run.end_reason, run.ended_at = RunState.ENDED, reason, now
    if run.reached_epoch > run.from_epoch:
        last = store.last_measurement(session, run.id)
        assert last is not None  # an epoch was reached by measuring it
        spec = ExperimentSpec.model_validate(experiment.spec)
        value = last.metrics[spec.objective.metric]
        if reason in RESULTS:
            run.value, run.metrics = value, last.metrics
        if run.reached_epoch >= trial.reached_epoch:  # one that started over may end before it came as far again
            trial.reached_epoch, trial.value, trial.metrics = run.reached_epoch, value, last.metrics
            trial.meets_thresholds = all(threshold.is_met(last.metrics) for threshold in spec.thresholds)
    trial.state = _state_after(reason, is_full=run.to_epoch == _full_epochs(experiment))
    if trial.state is TrialState.COMPLETED:
        announce_if_best(session, experiment, trial.number, now)
    if reason is EndReason.BUG:
        storms.pause_when_all_fail(session, experiment.id, now)


def _state_after(reason: EndReason, *, is_full: bool) -> TrialState:
    match reason:
        case EndReason.SUCCEEDED:
            return TrialState.COMPLETED if is_full else TrialState.PAUSED
        case EndReason.STOPPED:
            return TrialState.STOPPED
        case _:
            return TrialState.FAILED


def _full_epochs(experiment: ExperimentRow) -> int:
    return ladder_of(ExperimentSpec.model_validate(experiment.spec).fidelity).full_epochs
