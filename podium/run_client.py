"""The API as one attempt sees it: what to train, how far it is, and what came of each epoch.

All requests may be repeated safely, so whatever may pass is waited out; what will not pass leaves the process, by
`podium.leaving`. How far an epoch is under way, and what it is trained with, are exceptions: they are not worth a wait,
nor the process.
"""

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from podium.asked import GivenUp
from podium.environment import Environment
from podium.exchange import headers_with
from podium.leaving import ControllerLost, Fault, OtherData, Superseded, TokenExpired
from podium.loopback import is_loopback
from podium.problem import problem_in
from podium.refusal import UnusableToken
from podium.taxonomy import Verdict
from podium.wire import (
    API_PREFIX,
    DataDigests,
    MeasurementAnswer,
    MeasurementReport,
    RunAssignment,
    UnderWay,
)

Model = TypeVar("Model", bound=BaseModel)

GIVE_UP_AFTER_SECONDS = 15 * 60.0
TIMEOUT_SECONDS = 10.0
ASIDE_TIMEOUT_SECONDS = 2.0
"""Training stands still meanwhile."""
JSON_HEADERS = {"Content-Type": "application/json"}
LONGEST_WAIT_SECONDS = 15.0
LONGEST_RETRY_AFTER_SECONDS = 120.0
PASSING = {408, 425, 429, *range(500, 600)}
"""Statuses of a controller that is busy, away, or being replaced."""

_log = logging.getLogger(__name__)


class _NotNow(Exception):
    """No answer yet; the same request may succeed later."""

    def __init__(self, detail: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class _NotServed(Fault):
    """The controller knows no such request: it is older than this process."""


class RunClient:
    """A connection to the controller with one attempt's token, closed at the end of its `with` block.

    Every method raises Superseded when a newer attempt took over, and TokenExpired once the token has. All but
    `progress` raise ControllerLost after `give_up_after_seconds` without an answer, Fault when the controller refuses.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        give_up_after_seconds: float = GIVE_UP_AFTER_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self._give_up_after_seconds = give_up_after_seconds
        self._sleep = sleep
        self._is_heard = True
        try:
            self._http = httpx2.Client(
                base_url=self._url + API_PREFIX,
                headers=headers_with(token),
                timeout=TIMEOUT_SECONDS,
                trust_env=not is_loopback(httpx2.URL(self._url).host),
            )
        except UnusableToken:
            raise Fault("the run token has characters that no token has; start the process as Podium does") from None
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise Fault(f"{url!r} is not an http:// or https:// address: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def assignment(self) -> RunAssignment:
        return _read(self._ask(self._http.build_request("GET", "/run")), RunAssignment)

    def tell_data(self, data: DataDigests) -> None:
        """Say what is trained on. Raises OtherData when the experiment's first run said otherwise."""
        request = self._http.build_request("POST", "/run/data", content=data.model_dump_json(), headers=JSON_HEADERS)
        with suppress(_NotServed):
            self._ask(request)

    def tell_environment(self, environment: Environment) -> bool:
        """Say what is trained with and on; return whether that is settled. No answer at once: it is to be told again.

        A controller that knows no such request, or not all that is told, is older: it goes without.
        """
        body, seconds = environment.model_dump_json(), ASIDE_TIMEOUT_SECONDS
        request = self._http.build_request(
            "POST", "/run/environment", content=body, headers=JSON_HEADERS, timeout=seconds
        )
        try:
            self._send(request)
        except _NotNow:
            return False
        except Fault as error:
            _log.debug("podium: %s; it is not told what this is trained with", error)
        return True

    def report(self, report: MeasurementReport) -> Verdict:
        """Send one epoch's results; return whether to go on."""
        body = report.model_dump_json()
        request = self._http.build_request("POST", "/run/measurements", content=body, headers=JSON_HEADERS)
        return _read(self._ask(request), MeasurementAnswer).verdict

    def progress(self, under_way: UnderWay) -> Verdict | None:
        """Tell how far an epoch is; return whether to go on, or None where no answer came at once: that is dropped."""
        body, seconds = under_way.model_dump_json(), ASIDE_TIMEOUT_SECONDS
        request = self._http.build_request("POST", "/run/progress", content=body, headers=JSON_HEADERS, timeout=seconds)
        try:
            verdict = _read(self._send(request), MeasurementAnswer).verdict
        except (_NotNow, Fault) as error:  # an older controller knows no such request
            if self._is_heard:
                _log.warning("podium: %s; training goes on, and how far it is within an epoch stays untold", error)
            self._is_heard = False
            return None
        self._is_heard = True
        return verdict

    def give_up(self, given_up: GivenUp) -> None:
        """End a run that was asked for, before its target."""
        body = given_up.model_dump_json()
        self._ask(self._http.build_request("POST", "/run/end", content=body, headers=JSON_HEADERS))

    def _ask(self, request: httpx2.Request) -> httpx2.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(_NotNow),
            wait=_wait_seconds,
            stop=stop_after_delay(self._give_up_after_seconds),
            before_sleep=_say_that_it_waits,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._send, request)
        except _NotNow as error:
            waited = f"{self._give_up_after_seconds:g} s"
            raise ControllerLost(f"gave up after {waited}: {error}; the run resumes from its last checkpoint") from None

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = self._http.send(request)
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError) as error:
            raise Fault(f"cannot ask {self._url!r}: {error}; PODIUM_URL is an http:// or https:// address") from None
        except httpx2.RequestError as error:
            raise _NotNow(f"no answer from {self._url}: {error or type(error).__name__}") from None
        status, detail = response.status_code, f"{self._url} answered {response.status_code}: {_detail(response)}"
        if response.is_success:
            return response
        if status in PASSING:
            raise _NotNow(detail, _retry_after_seconds(response))
        if status == 409 and _error(response) == OtherData.__name__:
            raise OtherData(_detail(response))
        if status == 409:
            raise Superseded(f"{detail}; a newer attempt has taken over")
        if status == 401 and _error(response) == TokenExpired.__name__:
            raise TokenExpired(f"{detail}; the run resumes from its last checkpoint")
        if status == 401:  # not to be tried again: a wrong token would be wrong for ever
            raise Fault(f"{detail}; the run token is wrong")
        if status == 404:
            raise _NotServed(detail)
        raise Fault(detail)


def _wait_seconds(state: RetryCallState) -> float:
    """Back off with full jitter, so that the workers do not all come back at once; never before Retry-After."""
    backoff_seconds = wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_SECONDS)(state)
    error = state.outcome.exception() if state.outcome else None
    return max(backoff_seconds, error.retry_after_seconds) if isinstance(error, _NotNow) else backoff_seconds


def _say_that_it_waits(state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome is not None:
        _log.warning("podium: %s; trying again", state.outcome.exception())


def _retry_after_seconds(response: httpx2.Response) -> float:
    """Read Retry-After in seconds; a date, or what is no number, counts as not given."""
    try:
        seconds = float(response.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else 0.0


def _error(response: httpx2.Response) -> str | None:
    told = problem_in(response.content)
    return told.error if told else None


def _detail(response: httpx2.Response) -> str:
    told = problem_in(response.content)
    return told.detail if told else response.reason_phrase  # a proxy answered in its own words


def _read(response: httpx2.Response, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole body"
        raise Fault(
            f"{response.request.url} answered what this version of podium cannot read (at {where}); "
            "is it a controller of the same version?"
        ) from None
