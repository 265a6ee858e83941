"""The figure that the page of compared experiments has of all of them. It draws nothing by itself."""

import json
from collections.abc import Mapping
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from controller.album import MOST_RECORDS
from controller.apart import Failed
from controller.api.collaborators import Needed
from controller.dashboard.headers import DATA
from controller.errors import FigureFailed, InvalidRequest
from controller.figures.names import WHOLE, FigureName
from controller.figures.overlay import Figure, overlay_of

router = APIRouter(prefix=DATA)
Ids = Annotated[list[str], Query(alias="id", min_length=1, max_length=MOST_RECORDS)]


@router.get("/overlay")
async def read_overlay(ids: Ids, needed: Needed) -> Mapping[str, Figure]:
    """Return the figure of these experiments. Their objectives must be the same."""
    histories, objectives = {}, []
    for each in dict.fromkeys(ids):
        async with needed.album_readers, needed.turns:
            page = await run_in_threadpool(needed.album.open, each)
        objectives.append(page.spec.objective)
        try:
            drawn = await to_thread.run_sync(
                needed.drawer.draw, page.bound, FigureName.HISTORY, WHOLE, limiter=needed.drawers
            )
        except Failed:
            raise FigureFailed(f"the history of {each} could not be drawn; the controller's log says why") from None
        histories[each] = json.loads(drawn)
    if any(each != objectives[0] for each in objectives):
        raise InvalidRequest("experiments with different objectives have no figure in common; compare those with one")
    return {"overlay": overlay_of(histories)}
