"""What API servers of several versions accept, by their own schemas; unknown keys are faults."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from kubernetes.client import ApiClient
from pydantic import BaseModel
from referencing import Registry, Resource

VERSIONS = ("1.31.0", "1.32.0", "1.33.0", "1.34.0", "1.35.0", "1.36.0", "1.37.0")

Document = Mapping[str, Any]


def document_of(model: BaseModel) -> Any:
    """Return what the client sends for a model."""
    return ApiClient().sanitize_for_serialization(model)  # type: ignore[no-untyped-call]


def faults(document: Document, version: str) -> list[str]:
    kind, api = document["kind"].lower(), document["apiVersion"].replace("/", "-")
    return [
        f"{'.'.join(map(str, fault.path))}: {fault.message}"
        for fault in _schema(f"{kind}-{api}", version).iter_errors(document)
    ]


@cache
def _schema(name: str, version: str) -> Draft202012Validator:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}-local-strict"
    schema, definitions = (json.loads((folder / f"{each}.json").read_text()) for each in (name, "_definitions"))
    registry = Registry().with_resource(definitions["$id"], Resource.from_contents(definitions))
    return Draft202012Validator(schema, registry=registry)
