"""Whether the process lives, whether it can serve, and what Prometheus wants to know."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from controller.api.collaborators import Needed
from controller.database import is_reachable
from controller.errors import DatabaseAway
from podium.wire import Health

router = APIRouter(tags=["health"])
metrics_router = APIRouter(tags=["health"])
"""Apart: metrics name experiments and what they cost, and where the API is not alone they have a port of their own."""


@router.get("/healthz")
async def healthz() -> Health:  # not in the thread pool, which a database that hangs may fill
    """Answer as long as the process can."""
    return Health(status="ok")


@router.get("/readyz")
def readyz(needed: Needed) -> Health:
    """Answer 503 while the database is away."""
    if not is_reachable(needed.engine):
        raise DatabaseAway("the database does not answer; requests that need it are refused until it is back")
    return Health(status="ready")


@metrics_router.get("/metrics", response_class=Response)
def metrics(needed: Needed) -> Response:
    """Return metrics in Prometheus' text format."""
    return Response(generate_latest(needed.registry), media_type=CONTENT_TYPE_LATEST)
