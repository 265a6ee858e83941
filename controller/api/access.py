"""Who may ask what: the one place that says so. A route that is missing here is closed to everybody.

A page has the path of what it shows in the API, and what that one needs: the key of a route is its method and its path,
without `/api/v1` and without `/data`. docs/access.md is this table as a test found it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import assert_never

from fastapi import Request

from podium.access import Role

DATA = "/data"


class Need(StrEnum):
    """What a route needs."""

    NOTHING = "nothing"
    RUN_TOKEN = "run token"
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def role(self) -> Role | None:
        """The least role that opens it; None where no role does, or none is needed."""
        match self:
            case Need.NOTHING | Need.RUN_TOKEN:
                return None
            case Need.VIEWER | Need.EDITOR | Need.ADMIN:
                return Role(self.value)
            case _ as unknown:
                assert_never(unknown)


PROBES = dict.fromkeys(("GET /healthz", "GET /readyz", "GET /metrics", "GET /problems/{name}"), Need.NOTHING)
WORKERS = dict.fromkeys(
    (
        "GET /run",
        "POST /run/data",
        "POST /run/environment",
        "POST /run/measurements",
        "POST /run/progress",
        "POST /run/end",
    ),
    Need.RUN_TOKEN,
)
READING = dict.fromkeys(
    (
        "GET /whoami",
        "GET /experiments",
        "GET /experiments/{experiment_id}",
        "GET /experiments/{experiment_id}/trials",
        "GET /experiments/{experiment_id}/trials.csv",
        "GET /experiments/{experiment_id}/trials/{number}",
        "GET /experiments/{experiment_id}/trials/{number}/checkpoint",
        "GET /experiments/{experiment_id}/records",
        "GET /experiments/{experiment_id}/measurements",
        "GET /experiments/{experiment_id}/runs",
        "GET /experiments/{experiment_id}/attempts",
        "GET /experiments/{experiment_id}/front",
        "GET /experiments/{experiment_id}/best",
        "GET /experiments/{experiment_id}/figures",
        "GET /experiments/{experiment_id}/figures/{name}",
        "GET /experiments/{experiment_id}/trials/{number}/results",
        "GET /experiments/{experiment_id}/trials/{number}/results/{name:path}",
        "GET /experiments/{experiment_id}/trials/{number}/evaluation",
        "GET /experiments/{experiment_id}/trials/{number}/evaluation/job",
        "GET /experiments/{experiment_id}/trials/{number}/test",
        "GET /experiments/{experiment_id}/trials/{number}/test/{name:path}",
        "GET /reports",
        "GET /projects",
    ),
    Need.VIEWER,
)
CONTROLLING = dict.fromkeys(
    (
        "POST /experiments",
        "PATCH /experiments/{experiment_id}",
        "DELETE /experiments/{experiment_id}",
        "POST /experiments/{experiment_id}/pause",
        "POST /experiments/{experiment_id}/resume",
        "POST /experiments/{experiment_id}/stop",
        "POST /experiments/{experiment_id}/trials/{number}/stop",
        "POST /experiments/{experiment_id}/suggestions",
    ),
    Need.EDITOR,
)
ADMINISTERING = dict.fromkeys(
    (
        "GET /tokens",
        "POST /tokens",
        "DELETE /tokens/{token_id}",
        "POST /projects",
        "GET /audit",
        "GET /doctor",
        "GET /webhooks",  # they are told of every project
        "POST /webhooks",
        "DELETE /webhooks/{webhook_id}",
        "GET /webhooks/{webhook_id}/deliveries",
        "POST /webhooks/{webhook_id}/try",
        "POST /webhooks/{webhook_id}/deliveries/{delivery}/again",
    ),
    Need.ADMIN,
)
PAGES = dict.fromkeys(
    (
        "GET /",
        "GET /compare",
        "GET /overlay",
        "GET /report",
        "GET /docs",
        "GET /parts/experiments",
        "GET /parts/compare",
        "GET /parts/experiments/{experiment_id}/now",
        "GET /parts/experiments/{experiment_id}/trials",
        "GET /parts/experiments/{experiment_id}/trials/{number}",
        "GET /parts/experiments/{experiment_id}/trials/{number}/results",
        "GET /experiments/{experiment_id}/trials/{number}/curves",
        "GET /experiments/{experiment_id}/trials/{number}/confusion",
    ),
    Need.VIEWER,
)
FORMS = dict.fromkeys(("GET /new", "POST /new", "POST /experiments/{experiment_id}/change"), Need.EDITOR)

ACCESS: Mapping[str, Need] = PROBES | WORKERS | READING | CONTROLLING | ADMINISTERING | PAGES | FORMS


class NotInTheTable(LookupError):
    """A route was made and nobody said who may ask it; ACCESS is where to say so."""


def needed_by(request: Request) -> Need:
    """Return what the route that answers a request needs. Raises NotInTheTable."""
    return need_of(request.method, request.scope["route"].path)


def need_of(method: str, path: str) -> Need:
    """Return what a route needs, by its path as its router has it. Raises NotInTheTable."""
    key = f"{method} {path.removeprefix(DATA)}"
    if key not in ACCESS:
        raise NotInTheTable(f"nobody said who may ask {key}; say it in controller/api/access.py")
    return ACCESS[key]
