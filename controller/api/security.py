"""What the OpenAPI document says about tokens: which of the two kinds an operation wants, and with which role.

It is told from the table of who may ask what, so that the document and the door cannot differ.
"""

from collections.abc import Mapping
from typing import Any

from controller.api.access import ACCESS, Need
from podium.wire import API_PREFIX

Json = Any  # a part of an OpenAPI document is as deep and as varied as JSON itself

TOKEN, RUN_TOKEN = "token", "runToken"
SCHEMES: Mapping[str, Json] = {
    TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of the API, whose role is at least the one named; none where the API is open.",
    },
    RUN_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of one attempt: workers get theirs in PODIUM_RUN_TOKEN, or with a suggestion.",
    },
}


def security_of(method: str, path: str) -> list[dict[str, list[str]]]:
    """Return what an operation of the document requires, by its path as the document has it; nothing if it is open."""
    need = needs()[f"{method.upper()} {path}"]
    if need is Need.RUN_TOKEN:
        return [{RUN_TOKEN: []}]
    return [] if need.role is None else [{TOKEN: [need.role.value]}]


def needs() -> Mapping[str, Need]:
    """Return what `METHOD /path` needs, by the paths of the OpenAPI document."""
    told: dict[str, Need] = {}
    for key, need in ACCESS.items():
        method, path = key.replace(":path}", "}").split(" ")
        told |= {f"{method} {path}": need, f"{method} {API_PREFIX}{path}": need}
    return told
