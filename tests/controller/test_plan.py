"""The plan over the whole product of attempt states, wishes and job phases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from controller.actions import (
    Action,
    CloseAttempt,
    CreateJob,
    DeleteJob,
    EndAttempt,
    MarkRunning,
    NoteSight,
    TakeBack,
)
from controller.plan import LINGER, JobPhase, LiveAttempt, Moment, SeenJob, Wait, WaitsFor, Wish, due_at, plan
from podium.taxonomy import AttemptState, EndReason, ExitCode

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT = Moment(now=NOW)
JOB = "digits-k3f9-t1-e8-a1"
PHASES: Sequence[SeenJob | None] = (
    None,
    SeenJob(name=JOB, phase=JobPhase.ACTIVE),
    SeenJob(name=JOB, phase=JobPhase.SUCCEEDED, exit_code=0),
    SeenJob(name=JOB, phase=JobPhase.FAILED, exit_code=1),
    SeenJob(name=JOB, phase=JobPhase.FAILED, exit_code=75),
    SeenJob(name=JOB, phase=JobPhase.FAILED, exit_code=None),
    SeenJob(name=JOB, phase=JobPhase.FAILED, exit_code=137, reason=EndReason.OUT_OF_MEMORY, node="node1"),
    SeenJob(name=JOB, phase=JobPhase.ACTIVE, node="node1", started_at=NOW),
    SeenJob(name=JOB, phase=JobPhase.SUCCEEDED, exit_code=0, started_at=NOW, ended_at=NOW),
    *(SeenJob(name=JOB, phase=JobPhase.ACTIVE, wait=Wait(what=w, since=NOW, words="because")) for w in WaitsFor),
)
WAITS = (timedelta(0), timedelta(minutes=5))
STARTS = list(product(AttemptState, Wish, PHASES, WAITS, (False, True)))


def attempt(state: AttemptState, wish: Wish = Wish.RUN) -> LiveAttempt:
    return LiveAttempt(job=JOB, state=state, wish=wish, not_before=NOW, changed_at=NOW)


def jobs_of(job: SeenJob | None) -> Mapping[str, SeenJob]:
    return {job.name: job} if job else {}


def test_a_pending_attempt_gets_its_job() -> None:
    assert plan([attempt(AttemptState.PENDING)], {}, AT) == [CreateJob(JOB)]


def test_a_retry_waits_for_its_time() -> None:
    later = replace(attempt(AttemptState.PENDING), not_before=NOW + timedelta(seconds=1))
    assert plan([later], {}, AT) == []


def test_a_paused_experiment_starts_nothing_and_ends_nothing() -> None:
    assert plan([attempt(AttemptState.PENDING, Wish.HOLD)], {}, AT) == []
    active = jobs_of(SeenJob(name=JOB, phase=JobPhase.ACTIVE))
    assert plan([attempt(AttemptState.RUNNING, Wish.HOLD)], active, AT) == []


def test_what_a_paused_experiment_offers_is_taken_back() -> None:
    wait = Wait(what=WaitsFor.ASKER, since=NOW, words="nobody has yet")
    offered = jobs_of(SeenJob(name=JOB, phase=JobPhase.ACTIVE, wait=wait))
    assert plan([attempt(AttemptState.RUNNING, Wish.HOLD)], offered, AT) == [TakeBack(JOB)]


@pytest.mark.parametrize("job", [job for job in PHASES if job is not None])
def test_a_job_that_outlived_the_controller_is_taken_over_not_created_twice(job: SeenJob) -> None:
    assert plan([attempt(AttemptState.PENDING)], jobs_of(job), AT) == [MarkRunning(JOB)]


def test_a_job_that_someone_deleted_is_a_preemption() -> None:
    [ending] = plan([attempt(AttemptState.RUNNING)], {}, AT)
    assert isinstance(ending, EndAttempt)
    assert ending.reason is EndReason.PREEMPTED


def test_exit_0_before_the_target_is_a_bug() -> None:
    [ending] = plan([attempt(AttemptState.RUNNING)], jobs_of(PHASES[2]), AT)
    assert isinstance(ending, EndAttempt)
    assert ending.reason is EndReason.BUG


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (ExitCode.INFEASIBLE, EndReason.INFEASIBLE),
        (ExitCode.OUT_OF_ACCELERATOR_MEMORY, EndReason.OUT_OF_ACCELERATOR_MEMORY),
        (ExitCode.PREEMPTED, EndReason.PREEMPTED),
        (None, EndReason.PREEMPTED),
        (137, EndReason.OUT_OF_MEMORY),
        (1, EndReason.BUG),
        (127, EndReason.BUG),
    ],
)
def test_an_exit_code_has_one_meaning(exit_code: int | None, reason: EndReason) -> None:
    job = SeenJob(name=JOB, phase=JobPhase.FAILED, exit_code=exit_code)
    [ending] = plan([attempt(AttemptState.RUNNING)], jobs_of(job), AT)
    assert isinstance(ending, EndAttempt)
    assert ending.reason is reason


def test_a_kill_during_progress_is_a_preemption() -> None:
    job = SeenJob(name=JOB, phase=JobPhase.FAILED, exit_code=137)
    [ending] = plan([replace(attempt(AttemptState.RUNNING), has_progressed=True)], jobs_of(job), AT)
    assert isinstance(ending, EndAttempt)
    assert ending.reason is EndReason.PREEMPTED


def test_what_the_cluster_knows_outweighs_the_exit_code() -> None:
    job = SeenJob(name=JOB, phase=JobPhase.FAILED, exit_code=1, reason=EndReason.PREEMPTED)
    [ending] = plan([attempt(AttemptState.RUNNING)], jobs_of(job), AT)
    assert isinstance(ending, EndAttempt)
    assert ending.reason is EndReason.PREEMPTED


@pytest.mark.parametrize(
    ("what", "seconds", "is_given_up"),
    [
        (WaitsFor.IMAGE, 299, False),
        (WaitsFor.IMAGE, 300, True),
        (WaitsFor.NODE, 3599, False),
        (WaitsFor.NODE, 3600, True),
        (WaitsFor.QUOTA, 30 * 86_400, False),
    ],
)
def test_a_wait_is_told_and_given_up_after_its_grace(what: WaitsFor, seconds: int, *, is_given_up: bool) -> None:
    since = NOW - timedelta(seconds=seconds)
    waiting = SeenJob(name=JOB, phase=JobPhase.ACTIVE, wait=Wait(what=what, since=since, words="0/1 nodes"))
    [action] = plan([attempt(AttemptState.RUNNING)], jobs_of(waiting), AT)
    if is_given_up:
        assert isinstance(action, EndAttempt)
        assert action.reason is EndReason.SCHEDULING
        assert "0/1 nodes" in action.detail
    else:
        assert action == NoteSight(JOB, None, f"waits for {what}: 0/1 nodes", None)


def test_a_worker_that_never_reports_is_given_up() -> None:
    started = NOW - timedelta(minutes=30)
    silent = SeenJob(name=JOB, phase=JobPhase.ACTIVE, node="node1", started_at=started)
    known = replace(
        attempt(AttemptState.RUNNING), changed_at=started, node="node1", started_at=started, silence_seconds=1800
    )
    [ending] = plan([known], jobs_of(silent), AT)
    assert isinstance(ending, EndAttempt)
    assert (ending.reason, ending.node) == (EndReason.BUG, "node1")
    heard = replace(known, heard_at=NOW - timedelta(seconds=1))
    assert plan([heard], jobs_of(silent), AT) == []
    assert due_at(heard, jobs_of(silent)[JOB], AT.grace) == NOW - timedelta(seconds=1) + timedelta(minutes=30)


def test_a_wait_for_a_node_is_no_silence() -> None:
    waiting = Wait(what=WaitsFor.QUOTA, since=NOW - timedelta(days=3), words="suspended")
    job = SeenJob(name=JOB, phase=JobPhase.ACTIVE, wait=waiting)
    long_ago = replace(attempt(AttemptState.RUNNING), changed_at=NOW - timedelta(days=3), silence_seconds=60.0)
    assert all(isinstance(action, NoteSight) for action in plan([long_ago], jobs_of(job), AT))


def test_a_job_may_take_a_while_to_exit_after_its_report_but_not_forever() -> None:
    active = jobs_of(PHASES[1])
    assert plan([attempt(AttemptState.REPORTED)], active, Moment(now=NOW + LINGER)) == []
    assert plan([attempt(AttemptState.REPORTED)], active, Moment(now=NOW + 2 * LINGER)) == [DeleteJob(JOB)]


def test_a_job_without_an_attempt_is_deleted() -> None:
    assert plan([], jobs_of(PHASES[1]), AT) == [DeleteJob(JOB)]


@pytest.mark.parametrize(("state", "wish", "job", "wait", "has_progressed"), STARTS)
def test_every_start_settles(
    state: AttemptState, wish: Wish, job: SeenJob | None, wait: timedelta, *, has_progressed: bool
) -> None:
    """From any state, passes lead to rest, and rest is where the experiment wants it."""
    start = replace(attempt(state, wish), not_before=NOW + wait, has_progressed=has_progressed)
    attempts, jobs, now = [start], dict(jobs_of(job)), NOW
    created = 0
    for _ in range(10):
        actions = plan(attempts, jobs, Moment(now=now))
        assert len({type(action) for action in actions}) == len(actions), "one thing is done once a pass"
        created += sum(isinstance(action, CreateJob) for action in actions)
        attempts = [after for before in attempts for after in _applied(before, actions)]
        jobs = dict(_applied_to_jobs(jobs, actions))
        now += 2 * LINGER
    assert plan(attempts, jobs, Moment(now=now)) == []
    assert created <= 1
    assert not (job is not None and created), "a Job that exists is never created again"
    if wish is Wish.END:
        assert all(each.state is AttemptState.ENDED for each in attempts)
        assert not jobs
    for each in attempts:
        if each.state is AttemptState.ENDED:
            assert each.job not in jobs, "nothing runs for what has ended"
            continue
        is_held = each.state is AttemptState.PENDING and wish is Wish.HOLD
        assert is_held or jobs[each.job].phase is JobPhase.ACTIVE, "what lives either runs or is held"


def _applied(before: LiveAttempt, actions: Sequence[Action]) -> Iterator[LiveAttempt]:
    after: LiveAttempt | None = before
    for action in actions:
        match action:
            case CreateJob() | MarkRunning():
                after = replace(before, state=AttemptState.RUNNING)
            case TakeBack():
                after = replace(before, state=AttemptState.PENDING, waiting="")
            case EndAttempt() | CloseAttempt():
                after = None
            case NoteSight(_, node, waiting, started_at, ended_at):
                after = replace(before, node=node, waiting=waiting, started_at=started_at, ended_at=ended_at)
            case DeleteJob():
                pass
    if after is not None:
        yield after


def _applied_to_jobs(jobs: Mapping[str, SeenJob], actions: Sequence[Action]) -> Iterator[tuple[str, SeenJob]]:
    created = {action.job for action in actions if isinstance(action, CreateJob)}
    deleted = {action.job for action in actions if isinstance(action, DeleteJob | TakeBack)}
    yield from ((name, job) for name, job in jobs.items() if name not in deleted)
    yield from ((name, SeenJob(name=name, phase=JobPhase.ACTIVE)) for name in created)
