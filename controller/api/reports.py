"""The study report over HTTP: read, computed and written in one request, in threads that nothing else waits for.

Figures are drawn in the process that draws all of them.
"""

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import structlog
from anyio import to_thread
from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from controller.apart import Failed
from controller.api.admission import Asker
from controller.api.collaborators import Collaborators, Needed
from controller.api.figures import drawn_of, opened
from controller.database import transaction
from controller.figures.names import TITLES, WHOLE, FigureName
from controller.figures.overlay import TITLE as OVERLAY
from controller.figures.overlay import overlay_of
from controller.principal import Asking, attach
from controller.study.assembly import Edition, check_arms, study_report
from controller.study.facts import ArmFacts, FullResults
from controller.study.page import Figure, page_of
from controller.study.results import full_results
from controller.study.rows import arm_facts
from podium.study import MOST_ARMS, ReportFormat, StudyReport
from podium.study_markdown import markdown_of

log = structlog.get_logger()
router = APIRouter(prefix="/reports", tags=["reports"])

FIGURES = (FigureName.HISTORY, FigureName.FLOW, FigureName.IMPORTANCE, FigureName.TIMELINE)
"""Of each arm, in the HTML file."""

Experiments = Annotated[
    list[str], Query(alias="experiment", min_length=1, max_length=MOST_ARMS, description="ids, the arms in their order")
]
Wanted = Annotated[ReportFormat, Query(alias="format")]
ReferenceId = Annotated[
    str | None, Query(description="the experiment whose baseline points are counted from; the first unless given")
]
Price = Annotated[
    float | None,
    Query(ge=0, le=1e9, allow_inf_nan=False, description="of a slot's hour, where an attempt had no `pricePerHour`"),
]
ANSWERS: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type
    200: {"model": StudyReport, "content": {"text/html": {}, "text/markdown": {}}}
}


@router.get("", response_class=Response, responses=ANSWERS)
async def read_report(  # noqa: PLR0913,PLR0917  # FastAPI reads queries from parameters
    needed: Needed,
    asker: Asker,
    experiments: Experiments,
    wanted: Wanted = "json",
    reference: ReferenceId = None,
    price_per_hour: Price = None,
) -> Response:
    """Return the study report of one or several experiments: as JSON, as one HTML file, or as Markdown."""
    ids, edition = list(dict.fromkeys(experiments)), Edition(now=needed.clock(), podium_version=version("podium"))
    async with needed.reports.place():
        return await _made(needed, asker, ids, edition, (wanted, reference, price_per_hour))


async def _made(
    needed: Collaborators,
    asker: Asking,
    ids: list[str],
    edition: Edition,
    asked: tuple[ReportFormat, str | None, float | None],
) -> Response:
    wanted, reference, price_per_hour = asked
    async with needed.turns:
        arms = await run_in_threadpool(_arms, needed, asker, ids, edition, price_per_hour)
    check_arms(arms, reference)

    def told() -> StudyReport:
        results: dict[tuple[str, int], FullResults | str] = {}
        for arm in arms:
            results |= full_results(arm, needed.artifacts_url)
        return study_report(arms, results, edition, reference=reference)

    report = await to_thread.run_sync(told, limiter=needed.artifact_readers)
    figures = await _all_figures(needed, asker, ids) if wanted == "html" else []
    return await run_in_threadpool(_written, report, wanted, figures)


def _arms(
    needed: Collaborators, asker: Asking, ids: list[str], edition: Edition, price_per_hour: float | None
) -> list[ArmFacts]:
    with transaction(needed.sessions) as session:
        attach(session, asker)
        return [arm_facts(session, each, edition.now, price_per_hour) for each in ids]


async def _all_figures(needed: Collaborators, asker: Asking, ids: Sequence[str]) -> list[Figure]:
    """Return the figures of each arm; those of several are led by one of all."""
    figures = [figure for each in ids for figure in await _figures(needed, asker, each)]
    histories = {each.experiment: each.plot for each in figures if each.title == TITLES[FigureName.HISTORY]}
    if len(histories) < 2 or None in histories.values():
        return figures
    overlay = overlay_of({arm: json.loads(plot) for arm, plot in histories.items() if arm and plot})
    return [Figure(experiment=None, title=OVERLAY, plot=json.dumps(overlay)), *figures]


async def _figures(needed: Collaborators, asker: Asking, experiment_id: str) -> list[Figure]:
    page = await opened(needed, asker, experiment_id, at_once=True)  # reports wait in a queue of their own
    found = []
    for name in FIGURES:
        plot = None
        try:
            plot = (await drawn_of(needed, page, name, WHOLE)).decode()
        except Failed as error:
            log.warning("a report lacks a figure", experiment=experiment_id, figure=name, error=str(error))
        found.append(Figure(experiment=experiment_id, title=TITLES[name], plot=plot))
    return found


def _written(report: StudyReport, wanted: ReportFormat, figures: Sequence[Figure]) -> Response:
    safe = {"X-Content-Type-Options": "nosniff"}
    match wanted:
        case "json":
            return Response(report.model_dump_json(), media_type="application/json", headers=safe)
        case "markdown":
            return Response(markdown_of(report), media_type="text/markdown; charset=utf-8", headers=safe)
        case "html":
            page = page_of(report, figures)
            return Response(page.html, media_type="text/html", headers=safe | {"Content-Security-Policy": page.policy})
