"""The OpenAPI document as it is answered: each operation with the errors that it can really answer, the token that it
wants, and where its answer leads.
"""

from collections.abc import Iterator
from typing import Any

from controller.api.etags import TAGGED
from controller.api.links import add_links
from controller.api.problems import MEDIA_TYPE
from controller.api.security import SCHEMES, security_of

ANSWERS = (400, 401, 403, 404, 409, 413, 414, 415, 422, 429, 431, 500, 503)
ALWAYS = {"414", "431", "500", "503"}
OPEN_TAG = "health"
METHODS = ("get", "put", "post", "patch", "delete")
TAG = {"description": "Of this answer, for `If-None-Match`.", "schema": {"type": "string"}}
WAIT = {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}, "required": True}

Json = Any  # a JSON schema is as deep and as varied as JSON itself


def narrowed(document: Json) -> Json:
    """Return the document with problems under their own media type, and only where an operation answers them.

    It may be asked twice of the same document: what is narrow stays as it is.
    """
    document["components"]["securitySchemes"] = dict(SCHEMES)
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                _narrow(path, method, methods[method])
    add_links(document)
    return document


def _narrow(path: str, method: str, operation: Json) -> None:
    answered = set(_answered(path, method, operation))
    kept = {}
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            kept[status] = answer
        elif status in answered:
            kept[status] = answer | {"content": {MEDIA_TYPE: next(iter(answer["content"].values()))}}
            if status in ("429", "503"):
                kept[status]["headers"] = {"Retry-After": WAIT}
    if method == "get" and OPEN_TAG not in operation.get("tags", ()):
        kept["304"] = {"description": "What `If-None-Match` names is still the newest.", "headers": {"ETag": TAG}}
        if any(kind in TAGGED for kind in kept["200"].get("content", ())):
            kept["200"]["headers"] = {"ETag": TAG}
    operation["responses"] = kept
    operation["security"] = security_of(method, path)


def _answered(path: str, method: str, operation: Json) -> Iterator[str]:
    yield from ALWAYS
    if OPEN_TAG in operation.get("tags", ()):
        return
    yield from ("401", "403", "422", "429")  # the last where many wrong tokens came before
    if "requestBody" in operation:
        yield from ("400", "413", "415")
    if "{" in path or path.endswith(("/run", "/reports")) or "requestBody" in operation:
        yield "404"
    if method != "get" or "/run" in path or path.endswith(("evaluation", "job")):
        yield "409"
