"""The figure that the page of compared experiments has of all of them. It draws nothing by itself."""

import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from controller.album import MOST_RECORDS
from controller.apart import Failed
from controller.api.admission import Asker
from controller.api.collaborators import Needed
from controller.api.figures import drawn_of, opened
from controller.dashboard.headers import DATA
from controller.errors import FigureFailed, InvalidRequest
from controller.figures.names import WHOLE, FigureName
from controller.figures.overlay import Figure, overlay_of

router = APIRouter(prefix=DATA)
Ids = Annotated[list[str], Query(alias="id", min_length=1, max_length=MOST_RECORDS)]


@router.get("/overlay")
async def read_overlay(ids: Ids, needed: Needed, asker: Asker) -> Mapping[str, Figure]:
    """Return the figure of these experiments. Their objectives must be the same."""
    histories, objectives = {}, []
    async with needed.figures.place():
        for each in dict.fromkeys(ids):
            page = await opened(needed, asker, each)
            objectives.append(page.spec.objective)
            try:
                drawn = await drawn_of(needed, page, FigureName.HISTORY, WHOLE)
            except Failed:
                raise FigureFailed(f"the history of {each} could not be drawn; the controller's log says why") from None
            histories[each] = json.loads(drawn)
    if any(each != objectives[0] for each in objectives):
        raise InvalidRequest("experiments with different objectives have no figure in common; compare those with one")
    return {"overlay": overlay_of(histories)}
