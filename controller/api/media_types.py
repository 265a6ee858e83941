"""Refuse bodies of a type that a route does not read, before anything is made of their bytes."""

from collections.abc import Sequence
from email.message import Message
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute

from controller.errors import UnsupportedMediaType

JSON, YAML = "application/json", "application/yaml"
SUFFIX = "+json"
ALIASES = {"application/x-yaml": YAML, "text/yaml": YAML, "text/x-yaml": YAML}
"""What YAML was called before it had a name (RFC 9512, 2.1)."""
UNSAID = "application/x-www-form-urlencoded"
"""What curl and wget say of any file that they send, unless they are told better."""


async def refuse_other_types(request: Request) -> None:
    """Hold a request's body to what its route reads. Raises UnsupportedMediaType.

    A route that reads YAML reads a document of either kind, also where the sender did not say what it is.
    """
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    if not _has_body(request):
        return
    taken = taken_by(route)
    given = request.headers.get("content-type", "")
    if taken and not is_taken(given, taken):
        raise UnsupportedMediaType(
            f"a body of the type {given or 'that nobody named'!r} is not read here; send {' or '.join(taken)}, "
            "and say so with the header Content-Type"
        )


def is_taken(given: str, taken: Sequence[str]) -> bool:
    """Say whether a Content-Type, empty where none was sent, is one of those `taken`.

    JSON must be called so everywhere else: a browser sends forms and text to foreign addresses without asking first.
    """
    kind = _kind_of(given)
    if JSON in taken and kind.startswith("application/") and kind.endswith(SUFFIX):
        return True
    return ALIASES.get(kind, kind) in taken or (YAML in taken and kind in ("", UNSAID))


def taken_by(route: APIRoute) -> tuple[str, ...]:
    """Return the types of body that a route reads; none for one without a body."""
    told: dict[str, Any] = route.openapi_extra or {}  # Any: FastAPI's own type
    if "requestBody" in told:
        return tuple(told["requestBody"]["content"])
    return (JSON,) if route.body_field is not None else ()


def _kind_of(content_type: str) -> str:
    """Return what a Content-Type names, without its parameters, in lower case."""
    if not content_type:
        return ""
    message = Message()
    message["content-type"] = content_type
    return message.get_content_type() if "/" in content_type else content_type


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
