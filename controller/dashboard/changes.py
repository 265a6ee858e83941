"""The page of who changed what, for admins; and those lines of it that an experiment's page shows to all."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from controller import audit
from controller.api.collaborators import Transaction
from controller.api.pages import CursorText, number_after, page
from controller.dashboard import rendering
from podium.audit import Change

SHOWN = 100
OF_EXPERIMENT = 10
router = APIRouter()
OfExperiment = Annotated[str, Query(max_length=200)]


@router.get("/audit")
def show(request: Request, session: Transaction, experiment: OfExperiment = "", cursor: CursorText = None) -> Response:
    wanted = audit.Search(experiment_id=experiment or None, before=number_after(cursor) or None)
    rows = audit.changes(session, wanted, SHOWN + 1)
    shown = page(rows, SHOWN, key=lambda row: row.id, show=audit.told)
    same = {"experiment": experiment} if experiment else {}
    older = urlencode(same | {"cursor": shown.next_cursor}) if shown.next_cursor else None
    values = {"changes": shown.items, "experiment": experiment, "older": older, "is_older": cursor is not None}
    return rendering.page(request, "changes.html", values)


def latest(session: Transaction, experiment_id: str) -> Sequence[Change]:
    """Return what was changed last of an experiment."""
    return [audit.told(row) for row in audit.changes(session, audit.Search(experiment_id=experiment_id), OF_EXPERIMENT)]
