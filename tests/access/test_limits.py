"""Floods: of guesses, of reports, and of heads that do not end."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import uvicorn

from controller.api.allowance import Allowance, Allowances
from controller.api.collaborators import WORKERS
from controller.api.guesses import GUESSES
from controller.api.head_limit import MAX_ADDRESS_BYTES, MAX_HEADERS_BYTES, MAX_UNREAD_BYTES, LimitedProtocol
from controller.secret_words import make_secret
from tests.access.doors import ADMIN, BOOTSTRAP, bearer, make_experiment, make_token, sign_in
from tests.cli.served import serving
from tests.service import API, Service

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_a_bucket_empties_and_fills_again() -> None:
    buckets = Allowances(Allowance(burst=2, per_second=0.5), most_kept=10)
    assert [buckets.take("a", NOW) for _ in range(3)] == [0.0, 0.0, 2.0]
    assert buckets.take("b", NOW) == 0.0
    assert buckets.take("a", NOW + timedelta(seconds=1)) == 1.0
    assert buckets.take("a", NOW + timedelta(seconds=2)) == 0.0
    assert buckets.take("a", NOW + timedelta(seconds=2)) == 2.0
    later = NOW + timedelta(days=1)
    assert [buckets.take("a", later) for _ in range(3)] == [0.0, 0.0, 2.0]
    buckets.give_back("a", later)
    assert buckets.take("a", later) == 0.0


def test_buckets_are_bounded_and_the_one_longest_unused_is_forgotten() -> None:
    buckets = Allowances(Allowance(burst=1, per_second=0.001), most_kept=3)
    for name in ("a", "b", "c", "a", "d"):
        buckets.take(name, NOW)
    assert len(buckets) == 3
    assert buckets.take("a", NOW) > 0
    assert buckets.take("b", NOW) == 0.0


def test_guessing_is_slowed_down_and_who_knows_a_token_is_not(closed: Service) -> None:
    for _ in range(3 * GUESSES.burst):
        assert sign_in(closed, BOOTSTRAP).status_code == 303
    for _ in range(GUESSES.burst):
        assert sign_in(closed, "a guess").status_code == 401
    answer = sign_in(closed, "a guess")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "6")
    assert "wait a little" in answer.text
    assert sign_in(closed, BOOTSTRAP).status_code == 429
    closed.clock.advance(7)
    assert sign_in(closed, BOOTSTRAP).status_code == 303


def test_wrong_tokens_at_the_api_are_slowed_down_and_those_in_use_are_not(closed: Service) -> None:
    used, fresh = (bearer(make_token(closed, name, "viewer")) for name in ("used", "fresh"))
    make_experiment(closed, "default")
    closed.settle()
    [job, *_] = closed.active()

    def status(headers: dict[str, str]) -> int:
        return closed.http.get(f"{API}/experiments", headers=headers).status_code

    assert status(used) == 200
    assert {status({}) for _ in range(3 * GUESSES.burst)} == {401}, "who sends none does not guess"
    assert {status(bearer(make_secret())) for _ in range(GUESSES.burst)} == {401}
    answer = closed.http.get(f"{API}/experiments", headers=bearer("a guess"))
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (429, "TooMany", "6")
    assert status(fresh) == 429
    assert {status(used) for _ in range(3 * GUESSES.burst)} == {200}
    assert closed.report(job, 1).status_code == 200
    assert sign_in(closed, BOOTSTRAP).status_code == 303
    closed.clock.advance(7)
    assert [status(fresh) for _ in range(3)] == [200] * 3
    assert status(bearer("a guess")) == 401


def test_a_token_in_use_that_is_revoked_opens_nothing(closed: Service) -> None:
    headers = bearer(make_token(closed, "mine", "viewer"))
    assert closed.http.get(f"{API}/experiments", headers=headers).status_code == 200
    [*_, token] = closed.http.get(f"{API}/tokens", headers=ADMIN).json()["items"]
    assert closed.http.delete(f"{API}/tokens/{token['id']}", headers=ADMIN).status_code == 204
    assert closed.http.get(f"{API}/experiments", headers=headers).status_code == 401


def test_a_worker_that_runs_away_is_slowed_down_and_the_others_are_not(closed: Service) -> None:
    make_experiment(closed, "default", parallelism=2)
    closed.settle()
    wild, calm = closed.active()
    statuses = [closed.progress(wild, 1, 0.5).status_code for _ in range(20)]
    assert set(statuses) == {200}
    needed = closed.app.state.collaborators
    while not needed.worker_requests.take(wild, closed.clock()):
        pass
    answer = closed.report(wild, 1)
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (429, "TooMany", "1")
    assert closed.report(calm, 1).status_code == 200
    closed.clock.advance(1 / WORKERS.per_second)
    assert closed.report(wild, 1).status_code == 200


def test_a_long_address_and_long_headers_are_refused_in_words(closed: Service) -> None:
    long = closed.http.get(f"{API}/experiments", params={"name": "x" * MAX_ADDRESS_BYTES}, headers=ADMIN)
    assert (long.status_code, long.json()["error"]) == (414, "AddressTooLong")
    many = closed.http.get(f"{API}/experiments", headers=ADMIN | {"X-More": "x" * MAX_HEADERS_BYTES})
    assert (many.status_code, many.json()["error"]) == (431, "HeadersTooLarge")
    fits = closed.http.get(f"{API}/experiments", params={"name": "x" * (MAX_ADDRESS_BYTES - 100)}, headers=ADMIN)
    assert fits.status_code == 200


@pytest.fixture
def address(closed: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """The application on a real socket, behind the protocol that serves it."""
    monkeypatch.setattr(uvicorn, "Config", partial(uvicorn.Config, http=LimitedProtocol))
    with serving(closed.app) as url:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        yield parts.hostname, parts.port


@pytest.mark.parametrize("endless", [b"GET /", b"GET / HTTP/1.1\r\nX-More: ", b"GET / HTTP/1.1\r\nX: y\r\n"])
def test_a_head_that_does_not_end_is_cut_off(address: tuple[str, int], endless: bytes) -> None:
    more = b"X: y\r\n" if endless.endswith(b"\n") else b"x" * 6
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(endless + more * (MAX_UNREAD_BYTES // 3))
        try:
            answer = connection.recv(1000)  # without a limit nothing comes, and that times out
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or b"400" in answer.splitlines()[0]


def test_what_keeps_to_the_limits_is_served_on_a_connection_that_is_kept(address: tuple[str, int]) -> None:
    connection = HTTPConnection(*address, timeout=10)
    for _ in range(3):
        connection.request("POST", f"{API}/experiments", body=b"x" * (4 * MAX_UNREAD_BYTES))
        answer = connection.getresponse()
        assert (answer.status, b"InvalidToken" in answer.read()) == (401, True)
    connection.close()
