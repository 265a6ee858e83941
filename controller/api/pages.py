"""Cursor pages: opaque to the caller, and right while rows arrive, since a cursor names the last row seen."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Query

from controller.errors import InvalidRequest
from podium.wire import Page

MAX_LIMIT = 1000
MAX_NUMBER = 2**63 - 1
"""What PostgreSQL's bigint holds."""
Row = TypeVar("Row")
Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
CursorText = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before")]
Key = int | str | tuple[datetime, str]


def page(rows: Sequence[Row], limit: int, *, key: Callable[[Row], Key], show: Callable[[Row], Item]) -> Page[Item]:
    """Return a page of at most `limit` rows from a query that asked for one row more."""
    shown = rows[:limit]
    next_cursor = _write(key(shown[-1])) if len(rows) > limit else None
    return Page(items=[show(row) for row in shown], next_cursor=next_cursor)


def number_after(cursor: str | None) -> int:
    """Return the number of the last row seen, 0 at the start. Raises InvalidRequest."""
    match _read(cursor):
        case None:
            return 0
        case int(number) if not isinstance(number, bool) and 0 <= number <= MAX_NUMBER:
            return number
        case _:
            raise _no_cursor()


def name_after(cursor: str | None) -> str:
    """Return the name of the last row seen, nothing at the start. Raises InvalidRequest."""
    match _read(cursor):
        case None:
            return ""
        case str(name) if is_storable(name):
            return name
        case _:
            raise _no_cursor()


def moment_before(cursor: str | None) -> tuple[datetime, str] | None:
    """Return time and id of the last row seen, None at the start. Raises InvalidRequest."""
    match _read(cursor):
        case None:
            return None
        case [str(moment), str(identity)] if is_storable(identity):
            try:
                seen = datetime.fromisoformat(moment)
            except ValueError:
                raise _no_cursor() from None
            if seen.tzinfo is None:
                raise _no_cursor()
            return seen, identity
        case _:
            raise _no_cursor()


def _write(key: Key) -> str:
    plain = key if isinstance(key, int | str) else [key[0].isoformat(), key[1]]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _read(cursor: str | None) -> object:
    if cursor is None:
        return None
    try:
        return json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _no_cursor() from None


def is_storable(text: str) -> bool:
    """Say whether PostgreSQL holds a text: neither NUL nor half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _no_cursor() -> InvalidRequest:
    return InvalidRequest("`cursor` is none of ours; pass `next_cursor` of the page before, unchanged")
