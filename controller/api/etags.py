"""Tags on what is polled: who has the newest answer already is told so, without its body."""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAGGED = ("application/json", "text/csv")


class EntityTags:
    """ASGI middleware: answers to GET below `prefix` have an ETag, and If-None-Match is answered with 304.

    The tag is strong, a hash of the body: it saves the way to the caller, and what he would do with the same answer
    again, not the database's work. A route that knows a cheaper tag sets its own, and is left alone.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        known = ",".join(Headers(scope=scope).getlist("if-none-match"))
        start: Message | None = None

        async def tagged_send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_tagged(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            begun, start = start, None
            if message.get("more_body", False):  # a stream: who begins to send it does not know its end
                await send(begun)
                await send(message)
                return
            tag = tag_of(message.get("body", b""))
            headers = MutableHeaders(raw=begun["headers"])
            headers["ETag"] = tag
            headers.setdefault("Cache-Control", "private, no-cache")
            headers.add_vary_header("Authorization")
            if not matches(known, tag):
                await send(begun)
                await send(message)
                return
            del headers["content-length"], headers["content-type"]
            await send({**begun, "status": 304, "headers": headers.raw})
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, receive, tagged_send)


def tag_of(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def matches(known: str, tag: str) -> bool:
    """Say whether If-None-Match names a tag, compared weakly (RFC 9110, 13.1.2): a proxy that compresses weakens it."""
    names = [each.strip().removeprefix("W/") for each in known.split(",")]
    return "*" in names or tag.removeprefix("W/") in names


def _is_tagged(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return start["status"] == 200 and kind in TAGGED and "etag" not in headers
