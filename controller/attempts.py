"""The verbs of an attempt's life: what is noted while its Job goes on, and its end. Each changes rows only."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from controller import store, storms
from controller.actions import EndAttempt, NoteSight
from controller.database import wake_reconciler
from controller.endings import EndRun, Retry, after_the_end
from controller.events import Ending
from controller.jobs import accelerators_of
from controller.node_record import node_endings
from controller.nodes import MEMORY, NodeEnding, bad_nodes
from controller.plan import LINGER
from controller.pricing import Price
from controller.runs import add_attempt, end_run
from controller.tables import AttemptRow, ExperimentRow, RunRow
from podium.pod import PodShape
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, EndReason, ExitCode

REFUSED_AGAIN = timedelta(seconds=30)
"""A Job that the cluster refused is offered again after this."""


def mark_running(  # noqa: PLR0913  # all that is known of a Job that was created
    session: Session,
    job: str,
    shape: PodShape,
    now: datetime,
    *,
    price: Price | None = None,
    cluster: str | None = None,
) -> None:
    """Note that an attempt's Job exists, where, what its Pod holds and costs, and which versions run."""
    pending = update(AttemptRow).where(AttemptRow.job == job, AttemptRow.state == AttemptState.PENDING)
    running = pending.values(
        state=AttemptState.RUNNING,
        changed_at=now,
        waiting="",
        refused_since=None,
        silence_seconds=shape.silenceSeconds,
        out_of_memory_factor=shape.outOfMemoryFactor,
        accelerators=accelerators_of(shape),
        price_per_hour=price and price.per_hour,
        price_currency=price and price.currency,
        price_source=price and price.source,
        image=shape.image,
        podium_version=version("podium"),
        cluster=cluster,
    )
    session.execute(running.execution_options(synchronize_session=False))


def refused(session: Session, job: str, words: str, *, grace: timedelta, now: datetime) -> None:
    """Note that the cluster will not have an attempt's Job: a quota is spent, a policy forbids it. Try again later.

    Refused for the whole of `grace`, the attempt ends as one that cannot be scheduled.
    """
    attempt = store.lock_attempt(session, job)
    if attempt.state is not AttemptState.PENDING:
        return
    waiting = f"the cluster refused its Job: {words}"
    attempt.refused_since = attempt.refused_since or now
    if now - attempt.refused_since >= grace:
        end_attempt(session, EndAttempt(job, EndReason.SCHEDULING, None, waiting), "", now)
        return
    attempt.waiting, attempt.not_before = waiting, now + REFUSED_AGAIN


def note_sights(session: Session, sights: Sequence[NoteSight]) -> None:
    """Note where Jobs run, from when to when, and what they wait for."""
    alive = update(AttemptRow).where(AttemptRow.job == bindparam("of"), AttemptRow.state != AttemptState.ENDED)
    noted = alive.values(
        node=bindparam("on"), waiting=bindparam("for"), started_at=bindparam("since"), ended_at=bindparam("until")
    )
    seen = [
        {"of": each.job, "on": each.node, "for": each.waiting, "since": each.started_at, "until": each.ended_at}
        for each in sights
    ]
    session.connection().execute(noted, seen)


def show_output(session: Session, job: str, tail: str) -> None:
    """Keep what a Job has printed so far. The end of an attempt is final: what comes later is void."""
    alive = update(AttemptRow).where(AttemptRow.job == job, AttemptRow.state != AttemptState.ENDED)
    words = _storable(tail)
    shown = alive.where(AttemptRow.log_tail != words).values(log_tail=words)
    session.execute(shown.execution_options(synchronize_session=False))


def _storable(log_tail: str) -> str:
    return log_tail.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL's text holds no NUL


def close(session: Session, jobs: Sequence[str], now: datetime) -> None:
    """Note that nothing is left of attempts whose results are in.

    Where nobody saw its Job end, as when the cluster has forgotten it, one ended when it was not to linger any longer.
    """
    over = update(AttemptRow).where(AttemptRow.job.in_(jobs), AttemptRow.state == AttemptState.REPORTED)
    seen = func.coalesce(AttemptRow.ended_at, AttemptRow.changed_at + LINGER)
    ended_at = func.least(func.greatest(seen, AttemptRow.changed_at), now)
    ended = over.values(state=AttemptState.ENDED, changed_at=now, ended_at=ended_at)
    session.execute(ended.execution_options(synchronize_session=False))


def end_attempt(session: Session, ending: EndAttempt, log_tail: str, now: datetime) -> None:
    """End an attempt whose Job is over before its target, and start or end what follows from that."""
    attempt = store.lock_attempt(session, ending.job)
    if attempt.state in (AttemptState.REPORTED, AttemptState.ENDED):
        return
    reason, detail = _blame(session, attempt, ending, now)
    attempt.state, attempt.end_reason, attempt.exit_code = AttemptState.ENDED, reason, ending.exit_code
    attempt.node, attempt.waiting = ending.node, ""
    attempt.started_at = ending.started_at or attempt.started_at
    attempt.changed_at, attempt.ended_at = now, _ended_at(attempt, ending, now)
    attempt.log_tail = _storable(log_tail) or attempt.log_tail  # what was seen while it ran is better than nothing
    session.flush()
    run = attempt.run
    earlier = store.attempts_of_run(session, run.id)
    spec = ExperimentSpec.model_validate(run.trial.experiment.spec)
    reasons = [each.end_reason for each in earlier if each.end_reason is not None]
    is_certain = ending.node is not None  # only a cluster has nodes, and it tells who was killed for want of memory
    match after_the_end(reasons, _fruitless(earlier), spec.max_attempts, is_certain=is_certain):
        case Retry() if run.is_stop_requested:
            attempt.detail = f"{detail}; the trial was to stop, so what it reported stays"
            end_run(session, run, EndReason.STOPPED, now)
        case Retry(wait_seconds):
            follows = add_attempt(session, run, attempt.number + 1, now + timedelta(seconds=wait_seconds), now=now)
            attempt.detail = f"{detail}; {_next(attempt, follows.number)}"
        case EndRun():
            attempt.detail = f"{detail}; {_consequence(reason, len(earlier))}"
            end_run(session, run, reason, now)
    if reason is EndReason.SCHEDULING:
        storms.pause_when_nothing_starts(session, run.experiment_id, detail, now)
    wake_reconciler(session)


def _ended_at(attempt: AttemptRow, ending: EndAttempt, now: datetime) -> datetime:
    """Return when an attempt's process ended: before now, where nobody looked meanwhile.

    Clocks differ, and Kubernetes tells whole seconds: what was heard of it was heard before its end.
    """
    if ending.ended_at is None:
        return now
    signs = (attempt.created_at, attempt.started_at, attempt.heard_at, ending.ended_at)
    return min(now, max(sign for sign in signs if sign is not None))


def endings_of(session: Session, jobs: Sequence[str]) -> Mapping[str, Ending]:
    """Return how attempts ended, by their Jobs; nothing for one that has not."""
    metric = ExperimentRow.spec["objective"]["metric"].as_string()
    query = (
        select(AttemptRow.job, AttemptRow.end_reason, AttemptRow.detail, RunRow.reached_epoch, RunRow.value, metric)
        .join(AttemptRow.run)
        .join(ExperimentRow, ExperimentRow.id == RunRow.experiment_id)
        .where(AttemptRow.job.in_(jobs))
    )
    return {
        job: Ending(reason=reason, detail=detail, reached_epoch=reached_epoch, metric=name, value=value)
        for job, reason, detail, reached_epoch, value, name in session.execute(query)
        if reason is not None
    }


def _blame(session: Session, attempt: AttemptRow, ending: EndAttempt, now: datetime) -> tuple[EndReason, str]:
    """Tell a fault of the trial from one of its node: a node on which trial after trial fails takes the blame.

    A script may end with the exit code of other data by itself, having told of none: then nothing has paused its
    experiment, and its run would be retried for ever.
    """
    if ending.reason is EndReason.OTHER_DATA and attempt.run.trial.experiment.data is None:
        return EndReason.BUG, f"failed with exit code {ExitCode.OTHER_DATA:d}, and never told what it trains on"
    if ending.reason is not EndReason.BUG or ending.node is None:
        return ending.reason, ending.detail
    this = NodeEnding(
        node=ending.node,
        experiment=attempt.run.experiment_id,
        trial=attempt.run.trial_id,
        reason=ending.reason,
        has_progressed=attempt.has_progressed,
    )
    if ending.node not in bad_nodes([this, *node_endings(session, now - MEMORY)]):
        return ending.reason, ending.detail
    return EndReason.BAD_NODE, f"{ending.detail}, as trial after trial does on node {ending.node}, which is avoided now"


def _fruitless(attempts: list[AttemptRow]) -> int:
    """Count the latest attempts in a row that reported nothing new."""
    count = 0
    for attempt in reversed(attempts):
        if attempt.has_progressed:
            break
        count += 1
    return count


def _next(ended: AttemptRow, following: int) -> str:
    if ended.end_reason is EndReason.OUT_OF_MEMORY and ended.out_of_memory_factor is not None:
        return f"attempt {following} has {ended.out_of_memory_factor:g} times the memory"
    return f"attempt {following} continues from the last checkpoint"


def _consequence(reason: EndReason, attempts: int) -> str:
    match reason:
        case EndReason.STOPPED:
            return "what it reported stays"
        case EndReason.BUG | EndReason.OUT_OF_MEMORY:
            return f"the trial failed after {attempts} attempts and the optimizer avoids its like"
        case _:
            return "no retry, the optimizer avoids its like"
