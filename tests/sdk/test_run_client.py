"""What may pass is waited out; what will not pass leaves."""

import pytest

from podium.leaving import ControllerLost, Fault, Superseded, TokenExpired
from podium.run_client import RunClient
from podium.taxonomy import Verdict
from podium.wire import MeasurementReport
from tests.sdk.fake_run_api import TOKEN, FakeRunApi

REPORT = MeasurementReport(epoch=1, metrics={"val_accuracy": 0.5}, seconds=2.0)


def test_the_assignment_and_the_verdict_arrive(api: FakeRunApi) -> None:
    api.stop_at = 1
    with RunClient(api.url + "/", TOKEN) as client:
        assert client.assignment() == api.assignment
        assert client.report(REPORT) is Verdict.STOP
    assert api.reports == [REPORT]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_waited_out(api: FakeRunApi, status: int) -> None:
    api.refusals = [(status, {})] * 3
    waits: list[float] = []
    with RunClient(api.url, TOKEN, sleep=waits.append) as client:
        assert client.report(REPORT) is Verdict.CONTINUE
    assert len(waits) == 3
    assert api.reports == [REPORT]


def test_retry_after_is_honored(api: FakeRunApi) -> None:
    api.refusals = [(503, {"Retry-After": "7"}), (503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})]
    waits: list[float] = []
    with RunClient(api.url, TOKEN, sleep=waits.append) as client:
        client.report(REPORT)
    assert waits[0] >= 7
    assert waits[1] < 7


def test_waits_grow_and_stay_bounded(api: FakeRunApi) -> None:
    api.refusals = [(503, {})] * 40
    waits: list[float] = []
    with RunClient(api.url, TOKEN, sleep=waits.append) as client:
        client.report(REPORT)
    assert max(waits) <= 15
    assert max(waits[:2]) <= 1 < max(waits[8:])
    assert len(set(waits)) == len(waits)  # jitter: no two workers wait alike


def test_a_controller_that_never_answers_is_given_up() -> None:
    client = RunClient("http://127.0.0.1:9", TOKEN, give_up_after_seconds=0.2, sleep=lambda _: None)
    with client, pytest.raises(ControllerLost, match=r"gave up after 0\.2 s: no answer from http://127\.0\.0\.1:9"):
        client.assignment()


@pytest.mark.parametrize(
    ("status", "leaving", "said"),
    [(409, Superseded, "newer attempt"), (401, Fault, "run token"), (403, Fault, "not now"), (422, Fault, "not now")],
)
def test_what_does_not_pass_leaves(api: FakeRunApi, status: int, leaving: type[BaseException], said: str) -> None:
    api.refusals = [(status, {})]
    with RunClient(api.url, TOKEN) as client, pytest.raises(leaving, match=said):
        client.report(REPORT)
    assert api.reports == []
    assert api.requests == 1


def test_an_expired_token_leaves_for_another_attempt_and_a_wrong_one_for_none(api: FakeRunApi) -> None:
    api.refusals = [(401, {})]
    api.refusal = "TokenExpired"
    with RunClient(api.url, TOKEN) as client, pytest.raises(TokenExpired, match="resumes") as expired:
        client.report(REPORT)
    with RunClient(api.url, "wrong") as client, pytest.raises(Fault, match="run token is wrong") as wrong:
        client.report(REPORT)
    assert (expired.value.exit_code, wrong.value.exit_code) == (75, 1)
    assert api.requests == 2


def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with RunClient(api.url, TOKEN, give_up_after_seconds=0.2) as client:
        assert client.assignment() == api.assignment
