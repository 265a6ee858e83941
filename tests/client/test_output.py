"""A trial's output followed: the same by the blocking client and by the asynchronous."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

import podium
from podium.aio import output as aio_output
from podium.aio.endpoints import AsyncPodiumClient
from podium.aio.following import PATIENCE, AsyncClock
from podium.aio.output import GOODBYE
from podium.blocking import output as blocking_output
from podium.blocking.following import Clock
from podium.client import ServerUnreachable
from podium.printed import Output
from podium.taxonomy import AttemptState, EndReason, RunState
from podium.wire import Attempt, TrialDetail
from tests.cli.served import serving
from tests.cli.stand_in import BORN, a_run, a_trial, an_attempt
from tests.client.answering import Handler, Use, Waits, asynchronous, blocking
from tests.service import API, Service

Moment = TrialDetail | httpx2.RequestError
FIRST = an_attempt(1, state=AttemptState.RUNNING, end_reason=None, ended_at=None)
LOST = an_attempt(1, end_reason=EndReason.PREEMPTED, log_tail="1\n2\n3", detail="attempt 2 continues")
SECOND = an_attempt(2, state=AttemptState.RUNNING, end_reason=None, ended_at=None)
TRIES = 4
"""Requests before the client gives one look up."""


def a_moment(state: RunState, *attempts: Attempt, told: str = "") -> TrialDetail:
    run = a_run(state=state, attempts=list(attempts), explanation=told)
    return TrialDetail(**dict(a_trial()), runs=[run], measurements=[])


def printing(attempt: Attempt, *lines: str, **changes: Any) -> Attempt:
    return attempt.model_copy(update={"log_tail": "\n".join(lines), **changes})


@pytest.fixture(params=[blocking, asynchronous], ids=["blocking", "asynchronous"])
def ask(request: pytest.FixtureRequest) -> Callable[[Handler, Use, Waits], Any]:
    kind: Callable[[Handler, Use, Waits], Any] = request.param
    return kind


def follow(ask: Callable[[Handler, Use, Waits], Any], moments: list[Moment]) -> tuple[list[Output], list[str]]:
    """Follow a trial, a minute passing with each look; return what came, and what was remarked."""
    remarks: list[str] = []
    left = iter(moments)
    now = [BORN]

    def handle(request: httpx2.Request) -> httpx2.Response:
        assert (request.url.path, request.url.query) == ("/api/v1/experiments/digits-k3f9/trials/4", b"live=true")
        moment = next(left)
        if isinstance(moment, httpx2.RequestError):
            raise moment
        return httpx2.Response(200, content=moment.model_dump_json())

    def pass_(seconds: float) -> None:
        now[0] += timedelta(minutes=1)

    async def pass_later(seconds: float) -> None:
        pass_(seconds)

    def use(client: Any) -> Any:
        if isinstance(client, AsyncPodiumClient):
            aio_clock = AsyncClock(now=lambda: now[0], sleep=pass_later)
            return aio_output.outputs(client, "digits-k3f9", 4, clock=aio_clock, remark=remarks.append)
        clock = Clock(now=lambda: now[0], sleep=pass_)
        return blocking_output.outputs(client, "digits-k3f9", 4, clock=clock, remark=remarks.append)

    return ask(handle, use, Waits()), remarks


def away() -> Iterator[Moment]:
    return iter([httpx2.ConnectError("refused")] * TRIES)


def test_lines_come_as_they_are_printed_from_one_attempt_to_the_next(ask: Any) -> None:
    done = an_attempt(2, log_tail="4\n5\n6")
    came, remarks = follow(
        ask,
        [
            a_moment(RunState.RUNNING, FIRST, told="epoch 1 of 8"),
            a_moment(RunState.RUNNING, printing(FIRST, "1")),
            a_moment(RunState.RUNNING, printing(FIRST, "1", "2")),
            a_moment(RunState.RUNNING, LOST, SECOND),
            a_moment(RunState.RUNNING, LOST, printing(SECOND, "4")),
            a_moment(RunState.ENDED, LOST, printing(SECOND, "4", "5", state=AttemptState.REPORTED)),
            a_moment(RunState.ENDED, LOST, done),
        ],
    )
    assert [(each.attempt.number, each.text) for each in came] == [
        (1, "1\n"),
        (1, "2\n"),
        (1, "3\n"),
        (2, "4\n"),
        (2, "5\n"),
        (2, "6\n"),
    ]
    assert (came[2].attempt, came[-1].attempt) == (LOST, done)
    assert "epoch 1 of 8" in remarks


def test_a_process_that_does_not_end_after_its_result_is_not_waited_for_for_ever(ask: Any) -> None:
    stuck = a_moment(RunState.ENDED, printing(FIRST, "1", state=AttemptState.REPORTED))
    looks = GOODBYE // timedelta(minutes=1) + 1
    came, _ = follow(ask, [stuck] * looks)
    assert [each.text for each in came] == ["1\n"]


def test_a_controller_that_is_away_is_waited_for_and_nothing_is_missed(ask: Any) -> None:
    running = a_moment(RunState.RUNNING, printing(FIRST, "1"))
    came, remarks = follow(ask, [running, *away(), *away(), a_moment(RunState.ENDED, LOST)])
    assert [each.text for each in came] == ["1\n", "2\n3\n"]
    assert any(line.endswith("; trying again") for line in remarks)
    for_ever = PATIENCE // timedelta(minutes=1) + 2
    with pytest.raises(ServerUnreachable):
        follow(ask, [running, *(moment for _ in range(for_ever) for moment in away())])


def test_an_experiments_trial_is_followed_by_its_number(service: Service) -> None:
    experiment_id = service.create(parallelism=1, budget={"cost": 1.0})
    service.settle()
    [job] = service.active()
    service.cluster.exit(job, 65, log="the loss is NaN")
    service.settle()
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    service.settle()

    async def followed(url: str) -> list[str]:
        async with podium.AsyncClient(url) as client:
            experiment = await client.experiments.get(experiment_id)
            return [each.text async for each in experiment.trials.follow(1)]

    with serving(service.app) as url, podium.Client(url) as client:
        texts = [each.text for each in client.experiments.get(experiment_id).trials.follow(1)]
        assert texts == asyncio.run(followed(url)) == ["the loss is NaN\n"]
