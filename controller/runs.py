"""The verbs of a run's life: start, record, end. Each changes rows only, in its caller's transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from controller import store, storms
from controller.database import wake_reconciler
from controller.endings import RESULTS, EndRun, Retry, after_the_end
from controller.errors import InvalidRequest, ObjectiveMissing, Superseded
from controller.experiment import Suggestion, ladder_of
from controller.jobs import AttemptKey, accelerators_of
from controller.nodes import MEMORY, NodeEnding, bad_nodes
from controller.plan import EndAttempt, NoteSight
from controller.tables import AttemptRow, ExperimentRow, MeasurementRow, RunRow, TrialRow
from podium.pod import PodShape
from podium.spec import Configuration, ExperimentSpec
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState, TrialState, Verdict
from podium.wire import MeasurementReport, Reasons

MODEL_VERSION = "1"
"""Changes whenever the optimizer would answer the same history differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How far a trial is to be trained next, why, and when that was decided."""

    to_epochs: int
    reasons: Reasons
    now: datetime


def add_trial(session: Session, experiment: ExperimentRow, configuration: Configuration, order: Order) -> AttemptRow:
    """Store a new trial with its first run and attempt."""
    trial = TrialRow(
        experiment_id=experiment.id,
        number=store.count_trials(session, experiment.id) + 1,
        state=TrialState.RUNNING,
        is_baseline=order.reasons.source == "baseline",
        configuration=configuration,
        reached_epoch=0,
        value=None,
        created_at=order.now,
    )
    session.add(trial)
    session.flush()
    return _add_run(session, experiment, trial, order)


def start(session: Session, experiment: ExperimentRow, suggestion: Suggestion, now: datetime) -> AttemptRow:
    """Store what the optimizer asked for, with its reasons: a new trial, or a promotion."""
    reasons = Reasons(
        source=suggestion.source,
        acquisition=suggestion.acquisition,
        predicted_mean=suggestion.predicted_mean,
        predicted_std=suggestion.predicted_std,
        model_version=MODEL_VERSION,
    )
    order = Order(to_epochs=suggestion.to_epochs, reasons=reasons, now=now)
    if suggestion.trial is None:
        return add_trial(session, experiment, suggestion.configuration, order)
    trial = store.trial(session, experiment.id, suggestion.trial)
    trial.state = TrialState.RUNNING
    return _add_run(session, experiment, trial, order)


def record(session: Session, job: str, report: MeasurementReport, now: datetime) -> Verdict:
    """Store an epoch's measurement and answer with the verdict. The same report again changes nothing.

    At the run's target, or when it is to stop, the run ends in this very transaction.
    Raises Superseded for an attempt that has ended, ObjectiveMissing and InvalidRequest for a report that is no use.
    """
    attempt = store.lock_attempt(session, job)
    run, trial, experiment = attempt.run, attempt.run.trial, attempt.run.trial.experiment
    if session.get(MeasurementRow, (attempt.id, report.epoch)) is not None:
        return _verdict(run)
    if attempt.state in (AttemptState.REPORTED, AttemptState.ENDED):
        raise Superseded(f"attempt {job!r} has ended; exit, nothing of this report was stored")
    _check(report, run, experiment)
    session.add(
        MeasurementRow(
            attempt_id=attempt.id,
            trial_id=trial.id,
            epoch=report.epoch,
            metrics=report.metrics,
            seconds=report.seconds,
            samples_per_second=report.samples_per_second,
            created_at=now,
        )
    )
    attempt.last_epoch, attempt.heard_at = max(attempt.last_epoch or 0, report.epoch), now
    store.learn_slowest_epoch(session, experiment.id, report.seconds)
    attempt.has_progressed |= report.epoch > run.reached_epoch  # to repeat what is known is no progress
    run.reached_epoch = max(run.reached_epoch, report.epoch)
    session.flush()
    if report.epoch == run.to_epoch:
        _finish(session, attempt, EndReason.SUCCEEDED, now)
    elif run.is_stop_requested or experiment.state is ExperimentState.STOPPED:
        _finish(session, attempt, EndReason.STOPPED, now)
    return _verdict(run)


def mark_running(session: Session, job: str, shape: PodShape, now: datetime) -> None:
    """Note that an attempt's Job exists, and what its Pod holds."""
    attempt = store.lock_attempt(session, job)
    if attempt.state is AttemptState.PENDING:
        attempt.state, attempt.changed_at = AttemptState.RUNNING, now
        attempt.accelerators, attempt.price_per_hour = accelerators_of(shape), shape.pricePerHour


def note_sight(session: Session, sight: NoteSight) -> None:
    """Note where a Job runs, since when, and what it waits for."""
    attempt = store.lock_attempt(session, sight.job)
    if attempt.state is not AttemptState.ENDED:
        attempt.node, attempt.waiting, attempt.started_at = sight.node, sight.waiting, sight.started_at


def close(session: Session, job: str, now: datetime) -> None:
    """Note that nothing is left of an attempt whose result is in."""
    attempt = store.lock_attempt(session, job)
    if attempt.state is AttemptState.REPORTED:
        attempt.state, attempt.changed_at, attempt.ended_at = AttemptState.ENDED, now, now


def end_attempt(session: Session, ending: EndAttempt, log_tail: str, now: datetime) -> None:
    """End an attempt whose Job is over before its target, and start or end what follows from that."""
    attempt = store.lock_attempt(session, ending.job)
    if attempt.state in (AttemptState.REPORTED, AttemptState.ENDED):
        return
    reason, detail = _blame(session, attempt, ending, now)
    attempt.state, attempt.end_reason, attempt.exit_code = AttemptState.ENDED, reason, ending.exit_code
    attempt.node, attempt.waiting = ending.node, ""
    attempt.changed_at = attempt.ended_at = now
    attempt.log_tail = log_tail.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL's text holds no NUL
    session.flush()
    run = attempt.run
    earlier = store.attempts_of_run(session, run.id)
    spec = ExperimentSpec.model_validate(run.trial.experiment.spec)
    reasons = [each.end_reason for each in earlier if each.end_reason is not None]
    match after_the_end(reasons, _fruitless(earlier), spec.max_attempts):
        case Retry() if run.is_stop_requested:
            attempt.detail = f"{detail}; the trial was to stop, so what it reported stays"
            _end_run(session, run, EndReason.STOPPED, now)
        case Retry(wait_seconds):
            follows = _add_attempt(session, run, attempt.number + 1, now + timedelta(seconds=wait_seconds), now=now)
            attempt.detail = f"{detail}; {_next(reason, follows.number, spec)}"
        case EndRun():
            attempt.detail = f"{detail}; {_consequence(reason, len(earlier))}"
            _end_run(session, run, reason, now)
    if reason is EndReason.SCHEDULING:
        storms.pause_when_nothing_starts(session, run.experiment_id, detail)
    wake_reconciler(session)


def key_of(run: RunRow, attempt: int) -> AttemptKey:
    return AttemptKey(experiment=run.experiment_id, trial=run.trial.number, epochs=run.to_epoch, attempt=attempt)


def _blame(session: Session, attempt: AttemptRow, ending: EndAttempt, now: datetime) -> tuple[EndReason, str]:
    """Tell a fault of the trial from one of its node: a node on which trial after trial fails takes the blame."""
    if ending.reason is not EndReason.BUG or ending.node is None:
        return ending.reason, ending.detail
    this = NodeEnding(
        node=ending.node,
        trial=attempt.run.trial_id,
        reason=ending.reason,
        has_progressed=attempt.has_progressed,
    )
    if ending.node not in bad_nodes([this, *store.node_endings(session, now - MEMORY)]):
        return ending.reason, ending.detail
    return EndReason.BAD_NODE, f"{ending.detail}, as trial after trial does on node {ending.node}, which is avoided now"


def _add_run(session: Session, experiment: ExperimentRow, trial: TrialRow, order: Order) -> AttemptRow:
    ladder = ladder_of(ExperimentSpec.model_validate(experiment.spec).fidelity)
    run = RunRow(
        experiment_id=experiment.id,
        trial_id=trial.id,
        trial=trial,
        number=store.count_runs(session, experiment.id) + 1,
        rung=ladder.name_of(order.to_epochs),
        from_epoch=trial.reached_epoch,
        to_epoch=order.to_epochs,
        reached_epoch=trial.reached_epoch,
        state=RunState.RUNNING,
        end_reason=None,
        value=None,
        reasons=order.reasons.model_dump(mode="json"),
        is_stop_requested=False,
        created_at=order.now,
        ended_at=None,
    )
    session.add(run)
    session.flush()
    return _add_attempt(session, run, 1, order.now, now=order.now)


def _add_attempt(session: Session, run: RunRow, number: int, not_before: datetime, *, now: datetime) -> AttemptRow:
    attempt = AttemptRow(
        run_id=run.id,
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
        accelerators=0.0,
        price_per_hour=None,
        heard_at=None,
        started_at=None,
        changed_at=now,
        created_at=now,
        ended_at=None,
    )
    session.add(attempt)
    session.flush()
    return attempt


def _check(report: MeasurementReport, run: RunRow, experiment: ExperimentRow) -> None:
    metric = experiment.spec["objective"]["metric"]
    if metric not in report.metrics:
        found = ", ".join(sorted(report.metrics))
        raise ObjectiveMissing(f"epoch {report.epoch} lacks the objective {metric!r}; it has {found}")
    if report.epoch > run.to_epoch:
        raise InvalidRequest(f"epoch {report.epoch} lies beyond the run's target, epoch {run.to_epoch}")


def _verdict(run: RunRow) -> Verdict:
    return Verdict.STOP if run.end_reason is EndReason.STOPPED else Verdict.CONTINUE


def _finish(session: Session, attempt: AttemptRow, reason: EndReason, now: datetime) -> None:
    attempt.state, attempt.end_reason, attempt.changed_at = AttemptState.REPORTED, reason, now
    attempt.detail = (
        "reached its target" if reason is EndReason.SUCCEEDED else "stopped by a verdict, keeping its result"
    )
    _end_run(session, attempt.run, reason, now)
    wake_reconciler(session)


def _end_run(session: Session, run: RunRow, reason: EndReason, now: datetime) -> None:
    trial, experiment = run.trial, run.trial.experiment
    run.state, run.end_reason, run.ended_at = RunState.ENDED, reason, now
    if run.reached_epoch > run.from_epoch:
        last = store.last_measurement(session, trial.id)
        assert last is not None  # an epoch was reached by measuring it
        trial.value = last.metrics[experiment.spec["objective"]["metric"]]
        run.value = trial.value if reason in RESULTS else None
    trial.reached_epoch = run.reached_epoch
    trial.state = _state_after(reason, is_full=run.to_epoch == _full_epochs(experiment))
    if reason is EndReason.BUG:
        storms.pause_when_all_fail(session, experiment.id)


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


def _fruitless(attempts: list[AttemptRow]) -> int:
    """Count the latest attempts in a row that reported nothing new."""
    count = 0
    for attempt in reversed(attempts):
        if attempt.has_progressed:
            break
        count += 1
    return count


def _next(reason: EndReason, attempt: int, spec: ExperimentSpec) -> str:
    if reason is EndReason.OUT_OF_MEMORY and spec.trial is not None and spec.trial.outOfMemoryFactor is not None:
        return f"attempt {attempt} has {spec.trial.outOfMemoryFactor:g} times the memory"
    return f"attempt {attempt} continues from the last checkpoint"


def _consequence(reason: EndReason, attempts: int) -> str:
    match reason:
        case EndReason.STOPPED:
            return "what it reported stays"
        case EndReason.BUG | EndReason.OUT_OF_MEMORY:
            return f"the trial failed after {attempts} attempts and the optimizer avoids its like"
        case _:
            return "no retry, the optimizer avoids its like"
