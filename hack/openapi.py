"""Makes docs/openapi.json, the OpenAPI document of `/api/v1`, and refuses what would break its callers.

    python -m hack.openapi [--check]

The document that is there is the promise: where the new one breaks a caller of it, nothing is written. docs/api.md says
what may change.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from controller.api.app import create_app
from controller.api.collaborators import Collaborators
from controller.api.compatibility import breaks
from hack import generated

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def document_of(app: FastAPI) -> Mapping[str, Any]:
    """Return an application's document as JSON has it."""
    told: Mapping[str, Any] = json.loads(json.dumps(app.openapi()))
    return told


def written(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=True) + "\n"
