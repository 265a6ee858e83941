"""Makes docs/openapi.json, the OpenAPI document of `/api/v1`, and refuses what would break its callers.

    python -m hack.openapi [--check]

The document that is there is the promise: where the new one breaks a caller of it, nothing is written. docs/api.md says
what may change.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from controller.api.app import create_app
from controller.api.collaborators import Collaborators
from controller.api.compatibility import breaks
from controller.database import open_engine, open_sessions
from controller.tokens import TokenSigner
from hack import generated

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def document_of(app: FastAPI) -> Mapping[str, Any]:
    """Return an application's document as JSON has it."""
    told: Mapping[str, Any] = json.loads(json.dumps(app.openapi()))
    return told


def written(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _application() -> FastAPI:
    """Return an application that serves nobody: to tell its routes it needs no database behind it."""
    engine = open_engine("postgresql+psycopg://nobody@localhost/none")
    return create_app(
        Collaborators(
            engine=engine,
            sessions=open_sessions(engine),
            signer=TokenSigner(key="0" * 32, lifetime=timedelta(hours=1)),
            admin_token=None,
            artifacts_url="file:///nowhere",
            clock=lambda: datetime.now(UTC),
            registry=CollectorRegistry(),
        )
    )


if __name__ == "__main__":
    made = document_of(_application())
    if DOCUMENT.exists() and (broken := breaks(json.loads(DOCUMENT.read_text(encoding="utf-8")), made)):
        sys.exit("\n".join(["callers of /api/v1 would break; docs/api.md says what may change:", *broken]))
    generated.main({DOCUMENT: written(made)}, remedy="make openapi")
