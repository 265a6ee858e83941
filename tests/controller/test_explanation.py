"""One sentence: why a run ended or where it stands, and what follows. First by itself, then as the service tells it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.explanation import Story, explained, what_is_next
from controller.plan import Wait, WaitsFor
from podium.taxonomy import AttemptState, EndReason, RunState, TrialState
from podium.wire import Attempt
from tests.service import API, BASELINE, Service

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FREE = "which cost the trial nothing"


def attempt(number: int, state: AttemptState = AttemptState.RUNNING, **changes: Any) -> Attempt:
    plain = Attempt(
        number=number,
        job=f"tiny-b4c8-t1-e8-a{number}",
        state=state,
        end_reason=None,
        exit_code=None,
        detail="",
        log_tail="",
        last_epoch=None,
        created_at=NOW,
        ended_at=None,
    )
    return plain.model_copy(update=changes)


def lost(
    number: int, reason: EndReason = EndReason.PREEMPTED, detail: str = "why; what follows", **more: Any
) -> Attempt:
    return attempt(number, AttemptState.ENDED, end_reason=reason, detail=detail, **more)


def going_on(*attempts: Attempt, reached: int = 0) -> str:
    story = Story(
        state=RunState.RUNNING, end_reason=None, to_epoch=8, reached_epoch=reached, value=None, attempts=attempts
    )
    return explained(story)


def over(reason: EndReason, *attempts: Attempt, reached: int = 8, value: float | None = None) -> str:
    story = Story(
        state=RunState.ENDED, end_reason=reason, to_epoch=8, reached_epoch=reached, value=value, attempts=attempts
    )
    return explained(story)


def test_a_run_that_goes_on_says_from_where() -> None:
    assert going_on(attempt(1)) == "attempt 1 begins with epoch 1"
    assert going_on(attempt(1), reached=7) == "attempt 1 continues from epoch 7"
    assert going_on(attempt(1, AttemptState.PENDING)) == "attempt 1 will begin with epoch 1"
    assert going_on(lost(1), attempt(2, AttemptState.PENDING), reached=3).endswith(
        "attempt 2 will continue from epoch 3"
    )


def test_preemptions_are_summed_up() -> None:
    assert going_on(lost(1), lost(2), lost(3), attempt(4), reached=7) == (
        f"was preempted 3 times, {FREE}; attempt 4 continues from epoch 7"
    )
    assert going_on(lost(1), attempt(2)).startswith(f"was preempted once, {FREE}; ")


@pytest.mark.parametrize(
    ("waiting", "told"),
    [
        (
            "waits for a node: 0/3 nodes are available: 3 Insufficient cpu",
            "attempt 2 waits for a node: 0/3 nodes are available",
        ),
        ("the cluster refused its Job: exceeded quota", "attempt 2 waits: the cluster refused its Job: exceeded quota"),
    ],
)
def test_a_wait_is_told_in_the_clusters_words(waiting: str, told: str) -> None:
    assert f"was preempted once, {FREE}; {told}" in going_on(lost(1), attempt(2, waiting=waiting))


def test_want_of_memory_is_told_with_the_raised_limit() -> None:
    detail = "OOMKilled; attempt 2 has 1.5 times the memory"
    told = going_on(lost(1, EndReason.OUT_OF_MEMORY, detail), attempt(2))
    assert told == "ran out of memory once, so attempt 2 has 1.5 times the memory; attempt 2 begins with epoch 1"


def test_a_bad_node_is_named() -> None:
    told = going_on(lost(1, EndReason.BAD_NODE, node="node7"), attempt(2))
    assert told.startswith("failed once on node7, which is avoided now and cost the trial nothing; ")


def test_troubles_of_different_kinds_stand_in_their_order() -> None:
    silent = "ran without a report for 60 s, and was given up; attempt 2 continues from the last checkpoint"
    vain = "waited in vain for its image: back-off; pulling image; attempt 3 continues from the last checkpoint"
    told = going_on(lost(1, EndReason.BUG, silent), lost(2, EndReason.SCHEDULING, vain), lost(3), lost(4), attempt(5))
    assert told == (
        "failed once (ran without a report for 60 s, and was given up); "
        f"could not start once, {FREE} (waited in vain for its image: back-off; pulling image); "
        f"was preempted twice, {FREE}; attempt 5 begins with epoch 1"
    )


def test_a_run_with_a_result_tells_it() -> None:
    done = attempt(2, AttemptState.ENDED, end_reason=EndReason.SUCCEEDED, detail="reached its target")
    assert over(EndReason.SUCCEEDED, done, value=0.98125) == "reached its target, epoch 8, with 0.9812"
    assert over(EndReason.SUCCEEDED, lost(1), done, value=0.5) == (
        f"was preempted once, {FREE}; reached its target, epoch 8, with 0.5"
    )
    assert over(EndReason.STOPPED, done, reached=4, value=0.5) == "was stopped at epoch 4 and keeps its result, 0.5"
    assert over(EndReason.STOPPED, done, reached=0) == "was stopped before it had a result"


def test_a_run_that_failed_says_so_once_with_what_follows() -> None:
    detail = "failed with exit code 1; the trial failed after 2 attempts and the optimizer avoids its like"
    told = over(EndReason.BUG, lost(1, EndReason.BUG), lost(2), lost(3, EndReason.BUG, detail))
    assert told == f"was preempted once, {FREE}; bug: {detail}"


@pytest.mark.parametrize("state", list(TrialState))
def test_only_a_paused_trial_leaves_something_open(state: TrialState) -> None:
    alive, ended = (what_is_next(state, "why", is_over=is_over) for is_over in (False, True))
    if state is TrialState.PAUSED:
        assert alive == "why; it may be promoted to a higher rung"
        assert ended == "why; its experiment has ended, so it is not trained further"
    else:
        assert alive == ended == "why"


@pytest.mark.parametrize("reason", list(EndReason))
def test_every_end_makes_a_sentence(reason: EndReason) -> None:
    assert over(reason, lost(1, reason))
    assert "None" not in going_on(lost(1, reason), attempt(2)) + over(reason, lost(1, reason))


def test_a_trial_explains_itself_from_its_first_wait_to_its_result(service: Service) -> None:
    experiment = service.create(baseline=BASELINE, parallelism=1)
    trial = f"{experiment}/trials/1"
    service.settle()
    [job] = service.active()
    wait = Wait(what=WaitsFor.NODE, since=service.clock.now, words="0/3 nodes are available: 3 Insufficient cpu")
    service.cluster.shows(job, wait=wait)
    service.settle()
    assert service.read(trial)["explanation"] == (
        "attempt 1 waits for a node: 0/3 nodes are available: 3 Insufficient cpu"
    )
    service.cluster.shows(job, wait=None)
    service.settle()
    service.report(job, 1)
    service.cluster.exit(job, 75)
    service.settle()
    told = f"was preempted once, {FREE}; attempt 2 continues from epoch 1"
    assert service.read(trial)["explanation"] == told
    [run] = service.read(f"{experiment}/runs")["items"]
    assert run["explanation"] == told
    [job] = service.active()
    for epoch in (2, 3, 4):
        service.report(job, epoch, value=0.75)
    assert service.read(trial)["explanation"] == (f"was preempted once, {FREE}; reached its target, epoch 4, with 0.75")


def test_a_paused_trial_says_what_may_come(service: Service) -> None:
    experiment = service.create(parallelism=1, fidelity={"rungs": {"small": 1, "full": 40}})
    service.settle()
    [job] = service.active()
    service.finish(job)
    assert service.read(f"{experiment}/trials/1")["explanation"] == (
        "reached its target, epoch 1, with 0.5; it may be promoted to a higher rung"
    )
    service.http.post(f"{API}/experiments/{experiment}/stop")
    assert "not trained further" in service.read(f"{experiment}/trials/1")["explanation"]
