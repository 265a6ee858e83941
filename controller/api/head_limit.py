"""Refuse addresses and headers that are too long.

uvicorn with httptools reads a head of any length into memory, so the connection itself has a limit as well: a head
that does not end is cut off there.
"""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from controller.api.problems import problem_answer
from podium.wire import Problem

MAX_ADDRESS_BYTES = 8 * 1024
"""A path and its query: twenty arms of a report take a fifth of it."""
MAX_HEADERS_BYTES = 16 * 1024
MAX_UNREAD_BYTES = 64 * 1024
"""Of a head that has not ended: more than an address and headers may have together."""


class HeadLimit:
    """ASGI middleware: a long address is answered with 414, long headers with 431."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := refusal_of(scope)) is not None:
            status, problem = refusal
            await problem_answer(scope["path"], status, problem.error, problem.detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def refusal_of(scope: Scope) -> tuple[HTTPStatus, Problem] | None:
    """Return why a request's head is refused; None where it is not."""
    if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > MAX_ADDRESS_BYTES:
        detail = f"the address is longer than {MAX_ADDRESS_BYTES} bytes; ask for less at once"
        return HTTPStatus.REQUEST_URI_TOO_LONG, Problem(error="AddressTooLong", detail=detail)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS_BYTES:
        detail = f"the headers are longer than {MAX_HEADERS_BYTES} bytes; send fewer, or fewer cookies"
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, Problem(error="HeadersTooLarge", detail=detail)
    return None


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's own, with an end to the heads that it reads."""

    _unread_bytes = 0
    _is_in_head = True

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        self._is_in_head, self._unread_bytes = False, 0
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._is_in_head or self.transport.is_closing():
            return
        self._unread_bytes += len(data)
        if self._unread_bytes > MAX_UNREAD_BYTES:
            self.send_400_response(f"the head of the request is longer than {MAX_UNREAD_BYTES} bytes")
