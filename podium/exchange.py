"""How a request is asked and an answer read, without sending anything: what both kinds of client share."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError
from tenacity import RetryCallState, wait_exponential, wait_random

from podium.loopback import is_loopback
from podium.problem import problem_in
from podium.refusal import (
    REFUSALS,
    NotConnected,
    NotFound,
    PodiumError,
    Refused,
    ServerUnreachable,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    UnusableToken,
)
from podium.wire import Problem

Model = TypeVar("Model", bound=BaseModel)
JSON = {"Content-Type": "application/json"}
NO_EXPERIMENT = "ExperimentNotFound"
"""What the controller calls it."""
TRIES = 4
WORTH_REPEATING = (ServerUnreachable, Unavailable, TooManyRequests)
"""What may pass, for a request that is safe to send twice."""
SURELY_NOT_DONE = (TooManyRequests, NotConnected)
"""What may pass, and tells that nothing was done: even a command may be sent again."""

UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
"""Errors before the first byte of a request."""


class Identified(Protocol):
    """An experiment, as the wire or the client has it."""

    @property
    def id(self) -> str: ...


Named = str | Identified
"""Where an experiment's id is wanted: the id, or the experiment."""


def id_of(experiment: Named) -> str:
    return experiment if isinstance(experiment, str) else experiment.id


def created_in(project: str | None) -> str:
    return "/experiments" if project is None else f"/experiments?project={quote(project, safe='')}"


def path_of(experiment: Named, *steps: str | int) -> str:
    """Return the path of an experiment, or of something in it, whatever the user typed as its id."""
    return "/".join(("/experiments", quote(id_of(experiment), safe="").replace(".", "%2E"), *map(str, steps)))


def no_experiment(typed: str) -> NotFound:
    """Say that there is none, also of what can be nobody's id, at which the API has nothing."""
    detail = f"no experiment {typed!r}; `podium ls` lists them"
    return NotFound(Problem(error=NO_EXPERIMENT, detail=detail), HTTPStatus.NOT_FOUND)


def headers_with(token: str | None) -> dict[str, str]:
    """Return the header that shows a token, without the line break that files and Secrets end with.

    Raises UnusableToken here, since the error of whoever sends such a header repeats it.
    """
    shown = (token or "").strip()
    if not shown.isascii() or not shown.isprintable():
        raise UnusableToken("the token has characters that no token has; copy it anew, e.g. with podium login")
    return {"Authorization": f"Bearer {shown}"} if shown else {}


def heeds_proxies(url: str) -> bool:
    """Say whether the environment's proxies may be asked: none of them reaches our own loopback."""
    return not is_loopback(httpx2.URL(url).host)


def no_address(url: str, error: Exception) -> ServerUnreachable:
    return ServerUnreachable(f"{url!r} is not an http:// or https:// address: {error}")


def no_answer(url: str, error: httpx2.RequestError, timeout_seconds: float) -> ServerUnreachable:
    """Say why no answer came."""
    if isinstance(error, httpx2.UnsupportedProtocol):
        return ServerUnreachable(f"{url!r} is not an http:// or https:// address")
    kind = NotConnected if isinstance(error, UNSENT) else ServerUnreachable
    if isinstance(error, httpx2.TimeoutException):
        return kind(f"{url} did not answer within {timeout_seconds:g} s")
    return kind(f"nothing answers at {url}: {error or type(error).__name__}")


def refusal(response: httpx2.Response, now: datetime) -> PodiumError:
    """Translate an answer that is no success, with the explanation that the server gave."""
    status = response.status_code
    kind = REFUSALS.get(status, Refused)
    problem = problem_in(response.content)
    if problem is None and kind in (Unavailable, TooManyRequests):
        # a proxy before the controller answers for it, in its own words
        asked, words = response.request.url.copy_with(raw_path=b""), HTTPStatus(status).phrase
        problem = Problem(error=kind.__name__, detail=f"{asked} is not available now ({status}, {words})")
    if problem is None:
        asked_for = f"{response.request.method} {response.request.url}"
        return UnexpectedAnswer(f"{asked_for} answered {status}, and not as a Podium controller does")
    return kind(problem, status, retry_after_seconds=retry_after_seconds(response.headers, now))


def read(response: httpx2.Response, model: type[Model]) -> Model:
    """Return what an answer says. Raises UnexpectedAnswer."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole body"
        raise UnexpectedAnswer(
            f"{response.request.url} answered what this version of podium cannot read (at {where}); "
            "is it a Podium controller of the same version?"
        ) from None


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float:
    """Read Retry-After, in seconds or as a date (RFC 9110, 10.2.3); what is neither counts as not given."""
    given = headers.get("Retry-After", "")
    try:
        seconds = float(given)
    except ValueError:
        try:
            date = parsedate_to_datetime(given)
        except ValueError:
            return 0.0
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def wait_seconds(state: RetryCallState) -> float:
    """Back off with jitter, so that many clients do not all come back at once; never before Retry-After."""
    jittered = (wait_exponential(multiplier=0.1, max=1.0) + wait_random(0.0, 0.2))(state)
    error = state.outcome.exception() if state.outcome else None
    return jittered + (error.retry_after_seconds if isinstance(error, Refused) else 0.0)
