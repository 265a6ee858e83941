"""Errors as problem details (RFC 9457), and the pages that their `type` leads to.

`error`, `detail` and `faults` are what earlier versions answered; `type`, `title`, `status` and `instance` stand beside
them. A status that HTTP explains by itself, such as 405, has the type `about:blank`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import JsonValue

from controller.errors import NotFound, Refusal
from podium.fault import Fault
from podium.wire import Problem

MEDIA_TYPE = "application/problem+json"
UNNAMED = "HttpError"
MAX_INSTANCE = 500
TORN = re.compile("[\ud800-\udfff]")
OTHERS: Mapping[str, int] = {"AddressTooLong": 414, "HeadersTooLarge": 431, "InternalError": 500}
"""Errors that are no Refusal: answered before or after any route."""

router = APIRouter(prefix="/problems", include_in_schema=False)


class ProblemDetails(Problem):
    """The body of every error answer, as RFC 9457 has it, with the members `error` and `faults`."""

    type: str
    title: str
    status: int
    instance: str


class ProblemAnswer(JSONResponse):
    """A problem as an answer. Half of a surrogate pair, which UTF-8 cannot hold, is shown as U+FFFD."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:  # Any: Starlette's own type
        return json.dumps(_whole_text(content), ensure_ascii=False, separators=(",", ":")).encode()


def problem_answer(
    path: str,
    status: int,
    error: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
) -> ProblemAnswer:
    """Return the answer to a request for `path` that ended in `error`."""
    problem = {
        "type": type_of(error),
        "title": title_of(error, status),
        "status": status,
        "detail": detail,
        "instance": quote(path, errors="replace")[:MAX_INSTANCE],
        "error": error,
        "faults": [{"path": fault.path, "found": fault.found, "allowed": fault.allowed} for fault in faults],
    }
    return ProblemAnswer(problem, status_code=status)


def type_of(error: str) -> str:
    """Return the URI of an error, relative to the API's own address: it stays as long as `/api/v1` does."""
    return "about:blank" if error == UNNAMED else f"/problems/{_words(error, '-')}"


def title_of(error: str, status: int) -> str:
    return HTTPStatus(status).phrase if error == UNNAMED else _words(error, " ").capitalize()


def known_errors() -> dict[str, int]:
    """Return the name of every error with its HTTP status."""
    return {**{kind.__name__: kind.status for kind in _kinds(Refusal)}, **OTHERS}


@router.get("/{name}")
def explain(name: str) -> PlainTextResponse:
    """Say in a few lines what a `type` stands for. Raises NotFound."""
    by_name = {_words(error, "-"): (error, status) for error, status in known_errors().items()}
    if name not in by_name:
        raise NotFound(f"no problem {name!r}; there are {', '.join(sorted(by_name))}")
    error, status = by_name[name]
    return PlainTextResponse(
        f"{title_of(error, status)}\n\nHTTP status {status} ({HTTPStatus(status).phrase}), `error` {error!r}.\n"
        "The answer's `detail` names the thing and the remedy; `faults` holds what is wrong with a body, if anything.\n"
    )


def _kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _kinds(narrower)


def _words(error: str, between: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", between, error).lower()


def _whole_text(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return TORN.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole_text(each) for each in value]
    if isinstance(value, dict):
        return {cast(str, _whole_text(key)): _whole_text(each) for key, each in value.items()}
    return value
