"""What is retried, how long is waited, and what is told: the same of the blocking client and of the asynchronous."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from podium.asked import Ask as Wish
from podium.client import PodiumError, Refused, SpecRefused, TooManyRequests, Unavailable
from podium.wire import ExperimentChange, Page, Trial
from tests.cli.stand_in import a_spec, a_trial, an_experiment
from tests.client.answering import Handler, Use, Waits, asynchronous, blocking

Ask = Callable[[Handler, Use, Waits], Any]


@pytest.fixture(params=[blocking, asynchronous], ids=["blocking", "asynchronous"])
def ask(request: pytest.FixtureRequest) -> Ask:
    kind: Ask = request.param
    return kind


def refusing(status: int, *, times: int, headers: dict[str, str] | None = None) -> tuple[Handler, list[httpx2.Request]]:
    """Refuse some times, then answer with an experiment; all that was asked is remembered."""
    asked: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if len(asked) <= times:
            return httpx2.Response(status, json={"error": "Busy", "detail": "not now"}, headers=headers)
        return httpx2.Response(200, content=an_experiment().model_dump_json(exclude_unset=True))

    return handle, asked


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reading_and_creating_outlive_what_passes(ask: Ask, status: int) -> None:
    for use in (lambda client: client.experiment("digits-k3f9"), lambda client: client.create(a_spec())):
        handle, asked = refusing(status, times=2)
        assert ask(handle, use, Waits()).id == "digits-k3f9"
        assert len(asked) == 3
        assert len({request.headers.get("Idempotency-Key") for request in asked}) == 1
        assert {request.headers["Authorization"] for request in asked} == {"Bearer secret"}


def test_a_command_is_sent_again_only_when_nothing_was_done(ask: Ask) -> None:
    handle, asked = refusing(429, times=1)
    assert ask(handle, lambda client: client.pause("digits-k3f9"), Waits()).id == "digits-k3f9"
    assert len(asked) == 2
    handle, asked = refusing(503, times=1)
    with pytest.raises(Unavailable):
        ask(handle, lambda client: client.pause("digits-k3f9"), Waits())
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("error", "reads", "commands"),
    [
        (httpx2.ConnectError, 4, 4),
        (httpx2.ConnectTimeout, 4, 4),
        (httpx2.ReadError, 4, 1),
        (httpx2.ReadTimeout, 4, 1),
        (httpx2.WriteError, 4, 1),
        (httpx2.RemoteProtocolError, 4, 1),
        (429, 4, 4),
        (503, 4, 1),
        (500, 1, 1),
        (409, 1, 1),
        (401, 1, 1),
    ],
)
def test_what_is_sent_again_after_what(
    ask: Ask, error: type[httpx2.RequestError] | int, reads: int, commands: int
) -> None:
    """A command that may have arrived is never sent twice; what found no connection did not arrive."""
    change, wish = ExperimentChange(parallelism=2), Wish()
    uses: list[tuple[Use, int]] = [
        (lambda client: client.experiment("digits-k3f9"), reads),
        (lambda client: client.trials("digits-k3f9"), reads),
        (lambda client: client.create(a_spec()), reads),
        (lambda client: client.stop("digits-k3f9"), commands),
        (lambda client: client.delete("digits-k3f9"), commands),
        (lambda client: client.change("digits-k3f9", change), commands),
        (lambda client: client.ask("digits-k3f9", wish), commands),
        (lambda client: client.create_project("a"), commands),
        (lambda client: client.revoke_token(1), commands),
    ]
    for use, times in uses:
        asked: list[httpx2.Request] = []

        def handle(request: httpx2.Request, asked: list[httpx2.Request] = asked) -> httpx2.Response:
            asked.append(request)
            if isinstance(error, int):
                return httpx2.Response(error, json={"error": "Busy", "detail": "not now"})
            raise error("broken", request=request)

        with pytest.raises(PodiumError):
            ask(handle, use, Waits())
        assert len(asked) == times, asked[0]


def test_waits_grow_and_no_two_clients_wait_alike(ask: Ask) -> None:
    several: list[list[float]] = []
    for _ in range(5):
        handle, _asked = refusing(503, times=9)
        waits = Waits()
        with pytest.raises(Unavailable):
            ask(handle, lambda client: client.experiment("digits-k3f9"), waits)
        several.append(waits.seconds)
    for position, least in enumerate((0.1, 0.2, 0.4)):
        waited = [each[position] for each in several]
        assert all(least <= seconds <= least + 0.2 for seconds in waited)
        assert len(set(waited)) == len(waited)


def test_retry_after_is_waited_for_and_spread(ask: Ask) -> None:
    handle, _ = refusing(429, times=2, headers={"Retry-After": "3"})
    waits = Waits()
    ask(handle, lambda client: client.experiment("digits-k3f9"), waits)
    assert len(waits.seconds) == 2
    assert all(3 < seconds < 4.5 for seconds in waits.seconds)
    assert len(set(waits.seconds)) == 2


def test_a_retry_after_longer_than_ones_patience_is_told_at_once(ask: Ask) -> None:
    handle, asked = refusing(429, times=9, headers={"Retry-After": "3600"})
    waits = Waits()
    with pytest.raises(TooManyRequests, match="not now") as caught:
        ask(handle, lambda client: client.experiment("digits-k3f9"), waits)
    assert (len(asked), waits.seconds, caught.value.retry_after_seconds) == (1, [], 3600)


def test_problem_details_are_read_too(ask: Ask) -> None:
    """RFC 9457, with Podium's members beside the standard's."""
    body = {
        "type": "https://podium.example/problems/invalid",
        "title": "Unprocessable Content",
        "status": 422,
        "instance": "/api/v1/experiments",
        "error": "InvalidSpec",
        "detail": "the spec has 1 fault",
        "faults": [{"path": "budget.cost", "found": "0", "allowed": "at least 1"}],
    }
    answer = httpx2.Response(422, content=json.dumps(body), headers={"Content-Type": "application/problem+json"})
    with pytest.raises(SpecRefused, match=r"budget\.cost") as caught:
        ask(lambda request: answer, lambda client: client.create(a_spec()), Waits())
    assert caught.value.problem.error == "InvalidSpec"
    assert isinstance(caught.value, Refused)


def test_pages_are_followed(ask: Ask) -> None:
    def handle(request: httpx2.Request) -> httpx2.Response:
        is_last = request.url.params.get("cursor") == "more"
        page = Page[Trial](items=[a_trial(2 if is_last else 1)], next_cursor=None if is_last else "more")
        return httpx2.Response(200, content=page.model_dump_json())

    assert [trial.number for trial in ask(handle, lambda client: client.trials(an_experiment()), Waits())] == [1, 2]
