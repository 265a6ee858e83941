"""Who changed what, for admins."""

from typing import Annotated

from fastapi import APIRouter, Query

from controller import audit
from controller.api.collaborators import Transaction
from controller.api.pages import CursorText, Limit, number_after, page
from podium.audit import Change
from podium.wire import Page

router = APIRouter(prefix="/audit", tags=["access"])
OfExperiment = Annotated[str | None, Query(max_length=200, description="an experiment's id, also of a deleted one")]


@router.get("")
def list_changes(
    session: Transaction, limit: Limit = 100, cursor: CursorText = None, experiment: OfExperiment = None
) -> Page[Change]:
    """List what users changed, the latest first. What workers report is not in it."""
    wanted = audit.Search(experiment_id=experiment, before=number_after(cursor) or None)
    rows = audit.changes(session, wanted, limit + 1)
    return page(rows, limit, key=lambda row: row.id, show=audit.told)
