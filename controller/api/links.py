"""How one answer leads to the next request: OpenAPI's links, which a program follows without guessing.

An answer that holds an id names the operations that take it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from podium.wire import API_PREFIX

Json = Any  # a part of an OpenAPI document is as deep and as varied as JSON itself

FIRST = "$response.body#/items/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An answer, and the parameters of paths that can be read from it or from its request."""

    operation: str
    status: str
    found: Mapping[str, str]


SOURCES = (
    Source(operation="POST /experiments", status="201", found={"experiment_id": "$response.body#/id"}),
    Source(operation="GET /experiments", status="200", found={"experiment_id": f"{FIRST}/id"}),
    Source(
        operation="GET /experiments/{experiment_id}/trials",
        status="200",
        found={"experiment_id": "$request.path.experiment_id", "number": f"{FIRST}/number"},
    ),
    Source(operation="POST /tokens", status="201", found={"token_id": "$response.body#/token/id"}),
    Source(operation="GET /tokens", status="200", found={"token_id": f"{FIRST}/id"}),
    Source(operation="POST /webhooks", status="201", found={"webhook_id": "$response.body#/id"}),
    Source(operation="GET /webhooks", status="200", found={"webhook_id": f"{FIRST}/id"}),
    Source(
        operation="POST /webhooks/{webhook_id}/try",
        status="202",
        found={"webhook_id": "$request.path.webhook_id", "delivery": "$response.body#/id"},
    ),
    Source(
        operation="GET /webhooks/{webhook_id}/deliveries",
        status="200",
        found={"webhook_id": "$request.path.webhook_id", "delivery": f"{FIRST}/id"},
    ),
)


def add_links(document: Json) -> None:
    """Have each answer of SOURCES name every operation whose path takes what it found, and nothing else."""
    for source in SOURCES:
        method, path = source.operation.split(" ")
        answer = document["paths"][API_PREFIX + path][method.lower()]["responses"][source.status]
        answer["links"] = dict(_links(document, source))


def _links(document: Json, source: Source) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            asked = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            if asked == source.found.keys():
                yield operation["operationId"], _link(path, operation, source.found)


def _link(path: str, operation: Json, found: Mapping[str, str]) -> Json:
    parameters = {f"path.{name}": expression for name, expression in found.items()}
    return {"operationId": operation["operationId"], "parameters": parameters, "description": f"`{path}` of it"}
