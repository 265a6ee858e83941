"""Waiting for an experiment, by either kind of client: to its end, not longer than one has, and through an absence."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from podium.aio.endpoints import AsyncPodiumClient
from podium.aio.experiment import AsyncExperiment
from podium.aio.experiments import AsyncExperiments
from podium.blocking.experiment import Experiment
from podium.blocking.experiments import Experiments
from podium.client import PodiumClient, StillRunning
from podium.taxonomy import ExperimentState
from podium.wire import Experiment as Record
from podium.wire import Page, Run
from tests.cli.stand_in import an_experiment, ended
from tests.client.answering import Handler, Use, Waits, asynchronous, blocking

Ask = Callable[[Handler, Use, Waits], Any]


@pytest.fixture(params=[blocking, asynchronous], ids=["blocking", "asynchronous"])
def ask(request: pytest.FixtureRequest) -> Ask:
    kind: Ask = request.param
    return kind


def telling(*told: Record | int | httpx2.Response) -> Handler:
    """Answer looks at the experiment in turn, the last answer for ever; a number is a refusal's status."""
    left = list(told)

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/runs"):
            return httpx2.Response(200, content=Page[Run](items=[]).model_dump_json())
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, httpx2.Response):
            return answer
        if isinstance(answer, int):
            return httpx2.Response(answer, json={"error": "DatabaseAway", "detail": "away"})
        return httpx2.Response(200, content=answer.model_dump_json(exclude_unset=True))

    return handle


def experiment(client: PodiumClient | AsyncPodiumClient) -> Any:
    if isinstance(client, AsyncPodiumClient):
        return AsyncExperiment(client, an_experiment())
    return Experiment(client, an_experiment())


def collection(client: PodiumClient | AsyncPodiumClient) -> Any:
    return AsyncExperiments(client) if isinstance(client, AsyncPodiumClient) else Experiments(client)


def test_it_is_looked_at_until_its_end(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    waits = Waits()
    looks = telling(an_experiment(), an_experiment(), ended(an_experiment()))
    waited = ask(looks, lambda client: experiment(client).wait(poll=7, progress=True), waits)
    assert (waited.state, waited.has_ended, waits.seconds) == (ExperimentState.COMPLETED, True, [7, 7])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.split(",")[0] for line in shown.err.splitlines()] == [
        "digits-k3f9: running",
        "digits-k3f9: completed",
    ]


def test_a_controller_that_is_away_is_waited_for(ask: Ask) -> None:
    looks = telling(an_experiment(), 503, 503, 503, 503, ended(an_experiment()))
    assert ask(looks, lambda client: experiment(client).wait(poll=1), Waits()).has_ended


def test_who_looks_too_often_looks_later(ask: Ask) -> None:
    waits = Waits()
    looks = telling(an_experiment(), httpx2.Response(429, headers={"Retry-After": "77"}), ended(an_experiment()))
    assert ask(looks, lambda client: experiment(client).wait(poll=1), waits).has_ended
    assert waits.seconds == [1, 77]


def test_who_has_no_more_time_is_told_and_the_experiment_goes_on(ask: Ask) -> None:
    with pytest.raises(StillRunning, match=r"digits-k3f9 is not at rest after 0\.\d+ s; it goes on: 2 runs") as caught:
        ask(telling(an_experiment()), lambda client: experiment(client).wait(timeout=0.05), Waits())
    assert isinstance(caught.value, TimeoutError)


def test_an_end_in_the_last_moment_counts(ask: Ask) -> None:
    assert ask(telling(ended(an_experiment())), lambda client: experiment(client).wait(timeout=0), Waits()).has_ended


def test_the_collection_waits_too(ask: Ask) -> None:
    found = ask(telling(ended(an_experiment())), lambda client: collection(client).wait("digits-k3f9"), Waits())
    assert found.id == "digits-k3f9"
