"""Figures as plotly's JSON, drawn in another process. Who waits holds neither a connection nor a common thread."""

from typing import Annotated

import structlog
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Response, status
from starlette.concurrency import run_in_threadpool

from controller import store
from controller.album import Page
from controller.apart import Failed
from controller.api.admission import Asker
from controller.api.collaborators import Collaborators, Needed, Transaction
from controller.errors import FigureFailed, FigureNotFound, InvalidRequest
from controller.figures.names import TITLES, FigureName, NoSuchView, View
from controller.principal import Asking
from podium.wire import Figures, FigureTitle

log = structlog.get_logger()
router = APIRouter(prefix="/experiments/{experiment_id}/figures", tags=["figures"])

Objective = Annotated[str | None, Query(max_length=100, description="the metric that the model's figures show")]
Parameter = Annotated[str | None, Query(max_length=63, description="of the contour")]
KnownTag = Annotated[str, Header(alias="If-None-Match")]


@router.get("")
def list_figures(experiment_id: str, session: Transaction) -> Figures:
    """Return which figures there are. Each can be drawn of any experiment; one that has nothing to show says why."""
    store.experiment(session, experiment_id)
    return Figures(figures=[FigureTitle(name=name, title=TITLES[name]) for name in FigureName])


def read_view(objective: Objective = None, x: Parameter = None, y: Parameter = None) -> View:
    """Say what of a figure is looked at."""
    return View(objective=objective, x=x, y=y)


Looked = Annotated[View, Depends(read_view)]


@router.get("/{name}", response_class=Response, responses={200: {"content": {"application/json": {}}}})
async def read_figure(  # noqa: PLR0913,PLR0917  # FastAPI reads queries from parameters
    experiment_id: str, name: str, view: Looked, needed: Needed, asker: Asker, known: KnownTag = ""
) -> Response:
    """Return a figure for plotly: an object with `data` and `layout`. 304 while nothing has changed."""
    if name not in list(FigureName):
        raise FigureNotFound(f"no figure {name!r}; there are {', '.join(FigureName)}")
    async with needed.figures.place():
        page = await opened(needed, asker, experiment_id)
        try:
            view.check(page.spec)
        except NoSuchView as error:
            raise InvalidRequest(str(error)) from None
        tag = f'"{needed.drawer.edition}-{page.bound.digest}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if known.removeprefix("W/") == tag:  # a proxy that compresses weakens it
            return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
        try:
            drawn = await drawn_of(needed, page, FigureName(name), view)
        except Failed as error:
            log.error("a figure was not drawn", experiment=experiment_id, figure=name, error=str(error))
            raise FigureFailed(f"the figure {name!r} could not be drawn; the controller's log says why") from None
    return Response(drawn, media_type="application/json", headers=headers)


async def opened(needed: Collaborators, asker: Asking, experiment_id: str, *, at_once: bool = False) -> Page:
    """Return the record of an experiment that an asker sees. Raises ExperimentNotFound, and Busy unless `at_once`."""
    async with needed.album_readers, needed.turns:
        return await run_in_threadpool(needed.album.open, experiment_id, asker, at_once=at_once)


async def drawn_of(needed: Collaborators, page: Page, name: FigureName, view: View) -> bytes:
    """Return a figure as plotly's JSON. Raises Failed."""
    return await to_thread.run_sync(needed.drawer.draw, page.bound, name, view, limiter=needed.drawers)
