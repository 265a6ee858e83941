"""What the client does with each kind of answer. A transport made of a plain function stands in for the network."""

import json
from collections.abc import Callable

import httpx2
import pytest

from podium.client import (
    AmbiguousName,
    Conflict,
    NotFound,
    PodiumClient,
    Refused,
    ServerUnreachable,
    SpecRefused,
    Unavailable,
    UnexpectedAnswer,
)
from podium.fault import Fault
from podium.faults import parse_spec
from podium.spec import Budget
from podium.taxonomy import ExperimentState
from podium.wire import Experiment, ExperimentChange, Page, Problem
from tests.cli.stand_in import SPEC, a_spec, a_trial, an_experiment

Handler = Callable[[httpx2.Request], httpx2.Response]


def client_of(handler: Handler) -> PodiumClient:
    return PodiumClient(
        "http://podium.test", transport=httpx2.MockTransport(handler), sleep=lambda seconds: None, timeout_seconds=3
    )


def answer(model: Experiment | Page[Experiment] | Problem, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, content=model.model_dump_json(exclude_unset=isinstance(model, Experiment)))


def refusal(status: int, error: str, detail: str) -> httpx2.Response:
    return answer(Problem(error=error, detail=detail), status)


def test_a_spec_arrives_as_it_was_written() -> None:
    """Written-out defaults of an old client would override those of a newer controller."""
    received: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        received.append(request)
        return answer(an_experiment(), 201)

    with client_of(handle) as client:
        client.create(a_spec(), idempotency_key="k1")
    body = json.loads(received[0].content)
    assert body == json.loads(json.dumps(SPEC))
    assert body["baseline"]["nesterov"] is False
    assert parse_spec(body) == a_spec()
    assert received[0].headers["Idempotency-Key"] == "k1"
    assert received[0].headers["Content-Type"] == "application/json"


def test_creating_with_a_key_is_repeated_until_it_is_answered() -> None:
    keys: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise httpx2.ReadError("connection reset", request=request)
        return refusal(503, "DatabaseAway", "away") if len(keys) == 2 else answer(an_experiment())

    with client_of(handle) as client:
        assert client.create(a_spec(), idempotency_key="k1").id == "digits-k3f9"
    assert keys == ["k1", "k1", "k1"]


def test_creating_without_a_key_gets_one_and_keeps_it() -> None:
    keys: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["Idempotency-Key"])
        raise httpx2.ReadError("connection reset", request=request)

    with client_of(handle) as client:
        for _ in range(2):
            with pytest.raises(ServerUnreachable):
                client.create(a_spec())
    first, second = keys[:4], keys[4:]
    assert first == [first[0]] * 4
    assert second == [second[0]] * 4
    assert first[0] != second[0]


def test_reading_is_repeated_and_commands_are_not() -> None:
    asked: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.method)
        return refusal(503, "DatabaseAway", "the database is away")

    with client_of(handle) as client:
        with pytest.raises(Unavailable, match="the database is away"):
            client.experiment("digits-k3f9")
        with pytest.raises(Unavailable):
            client.pause("digits-k3f9")
        with pytest.raises(Unavailable):
            client.delete("digits-k3f9")
    assert asked == ["GET"] * 4 + ["POST", "DELETE"]


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (409, Conflict), (422, SpecRefused), (413, Refused)])
def test_a_refusal_carries_the_servers_explanation(status: int, kind: type[Refused]) -> None:
    fault = Fault(path="budget.cost", found=0.5, allowed="at least 1")
    problem = Problem(error="Whatever", detail="the server says why", faults=[fault])
    with client_of(lambda request: answer(problem, status)) as client, pytest.raises(kind) as caught:
        client.create(a_spec())
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.problem) == (status, problem)
    assert str(caught.value).startswith("the server says why")
    assert (str(fault) in str(caught.value)) is (kind is SpecRefused)


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(404, text="<h1>nginx</h1>"),
        httpx2.Response(200, text="<h1>It works!</h1>"),
        httpx2.Response(200, json={"id": "digits-k3f9", "surprise": True}),
        httpx2.Response(307, headers={"Location": "/login"}),
        httpx2.Response(405, json={"detail": "Method Not Allowed"}),
    ],
)
def test_what_is_not_podium_is_named_so(response: httpx2.Response) -> None:
    with client_of(lambda request: response) as client, pytest.raises(UnexpectedAnswer, match="Podium controller"):
        client.experiment("digits-k3f9")


def test_a_gateways_own_503_is_unavailable_too() -> None:
    with client_of(lambda request: httpx2.Response(503, text="no backends")) as client, pytest.raises(Unavailable):
        client.experiment("digits-k3f9")


def test_a_silent_server_is_unreachable_and_the_message_says_how_long() -> None:
    def handle(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("", request=request)

    with client_of(handle) as client, pytest.raises(ServerUnreachable, match="did not answer within 3 s"):
        client.experiment("digits-k3f9")


@pytest.mark.parametrize(
    "url", ["", "podium", "127.0.0.1:8080", "ftp://podium", "http://", "http://[::1", "http://x:y"]
)
def test_what_is_no_address_is_unreachable(url: str) -> None:
    with pytest.raises(ServerUnreachable), PodiumClient(url, sleep=lambda seconds: None) as client:
        client.experiment("digits-k3f9")


def test_pages_are_followed_to_the_end_and_keep_the_filters() -> None:
    asked: list[dict[str, str]] = []
    parts: dict[str | None, Page[Experiment]] = {
        None: Page(items=[an_experiment(id="digits-0001"), an_experiment(id="digits-0002")], next_cursor="a b&c"),
        "a b&c": Page(items=[an_experiment(id="digits-0003")]),
    }

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(dict(request.url.params))
        return answer(parts[request.url.params.get("cursor")])

    with client_of(handle) as client:
        found = [experiment.id for experiment in client.experiments(state=ExperimentState.RUNNING, name="digits")]
    assert found == ["digits-0001", "digits-0002", "digits-0003"]
    assert asked == [
        {"state": "running", "name": "digits"},
        {"state": "running", "name": "digits", "cursor": "a b&c"},
    ]


def finder(*experiments: Experiment) -> Handler:
    """Answer like a controller that has these experiments, and whose name filter finds prefixes too."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        if (name := request.url.params.get("name")) is not None:
            return answer(Page(items=[found for found in experiments if found.name.startswith(name)]))
        key = request.url.path.rpartition("/")[2]
        exact = [found for found in experiments if found.id == key]
        return answer(exact[0]) if exact else refusal(404, "ExperimentNotFound", f"there is no experiment {key}")

    return handle


def test_an_exact_id_is_found_before_a_name() -> None:
    by_id, by_name = an_experiment(id="digits-k3f9"), an_experiment(id="digits-k3f9-aaaa", name="digits-k3f9")
    with client_of(finder(by_name, by_id)) as client:
        assert client.find("digits-k3f9") == by_id


def test_a_name_is_found_when_one_experiment_has_it() -> None:
    longer = an_experiment(id="digits-two-aaaa", name="digits-two")
    with client_of(finder(longer, an_experiment())) as client:
        assert client.find("digits").id == "digits-k3f9"


def test_a_name_of_several_lists_their_ids() -> None:
    both = (an_experiment(id="digits-0001"), an_experiment(id="digits-0002"))
    with client_of(finder(*both)) as client, pytest.raises(AmbiguousName, match="digits-0001, digits-0002"):
        client.find("digits")


@pytest.mark.parametrize("typed", ["nothing", "../healthz", "..", "a/b", "a?b=c", "ä", "%2e%2e"])
def test_what_nobody_has_is_not_found_and_leads_nowhere_else(typed: str) -> None:
    paths: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.raw_path.decode())
        return finder()(request)

    with client_of(handle) as client, pytest.raises(NotFound):
        client.find(typed)
    assert all(path.startswith("/api/v1/experiments") for path in paths)
    assert all(path.count("/") == 4 for path in paths if "?" not in path)


def test_a_change_sends_only_what_changes() -> None:
    sent: list[tuple[str, object]] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        sent.append((request.method, json.loads(request.content)))
        return answer(an_experiment())

    with client_of(handle) as client:
        client.change("digits-k3f9", ExperimentChange(budget=Budget(runs=40)))
    assert sent == [("PATCH", {"budget": {"runs": 40}})]


def test_readiness_is_a_claim_never_an_error() -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    for handler, ready in [
        (lambda request: httpx2.Response(200, json={"status": "ready"}), True),
        (lambda request: refusal(503, "DatabaseAway", "away"), False),
        (refuse, False),
    ]:
        with client_of(handler) as client:
            assert client.is_ready() is ready


def test_values_keep_their_types_over_the_wire() -> None:
    """`False` must not come back as 0, nor 1.0 as 1: a worker trains with what it reads."""
    configuration = {"nesterov": False, "lr_patience": 0, "momentum": 1.0, "optimizer": "no"}
    trial = a_trial(configuration=configuration)
    with client_of(lambda request: httpx2.Response(200, content=trial.model_dump_json())) as client:
        read = client.best("digits-k3f9").configuration
    assert [(name, type(value), value) for name, value in read.items()] == [
        (name, type(value), value) for name, value in configuration.items()
    ]
