"""The study report of some experiments, as a file to keep."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from controller.api import reports
from controller.api.admission import Asker
from controller.api.collaborators import Needed
from podium.study import MOST_ARMS

Ids = Annotated[list[str], Query(alias="id", min_length=1, max_length=MOST_ARMS)]
router = APIRouter()

REPORT_NAME = "podium-report.html"


@router.get("/report", response_class=Response)
async def read_report(needed: Needed, asker: Asker, ids: Ids) -> Response:
    """Return a file that has scripts within, as no page here may. What is refused is a page: a link led here."""
    answer = await reports.read_report(needed, asker, ids, "html")
    answer.headers["Content-Disposition"] = f'attachment; filename="{REPORT_NAME}"'
    return answer
