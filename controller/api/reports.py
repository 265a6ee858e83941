"""The study report over HTTP: read, computed and written in one request, in threads that nothing else waits for."""

from importlib.metadata import version
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from controller.api.collaborators import Collaborators, Needed
from controller.database import transaction
from controller.study.assembly import Edition, study_report
from controller.study.facts import ArmFacts, FullResults
from controller.study.page import page_of
from controller.study.results import full_results
from controller.study.rows import arm_facts
from podium.study import MOST_ARMS, ReportFormat, StudyReport
from podium.study_markdown import markdown_of

router = APIRouter(prefix="/reports", tags=["reports"])

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
async def read_report(
    needed: Needed,
    experiments: Experiments,
    wanted: Wanted = "json",
    reference: ReferenceId = None,
    price_per_hour: Price = None,
) -> Response:
    """Return the study report of one or several experiments: as JSON, as one HTML file, or as Markdown."""
    ids = list(dict.fromkeys(experiments))
    edition = Edition(now=needed.clock(), podium_version=version("podium"))
    async with needed.turns:
        arms = await run_in_threadpool(_arms, needed, ids, edition, price_per_hour)

    def written() -> Response:
        results: dict[tuple[str, int], FullResults | str] = {}
        for arm in arms:
            results |= full_results(arm, needed.artifacts_url)
        return _written(study_report(arms, results, edition, reference=reference), wanted)

    return await to_thread.run_sync(written, limiter=needed.artifact_readers)


def _arms(needed: Collaborators, ids: list[str], edition: Edition, price_per_hour: float | None) -> list[ArmFacts]:
    with transaction(needed.sessions) as session:
        return [arm_facts(session, each, edition.now, price_per_hour) for each in ids]


def _written(report: StudyReport, wanted: ReportFormat) -> Response:
    safe = {"X-Content-Type-Options": "nosniff"}
    match wanted:
        case "json":
            return Response(report.model_dump_json(), media_type="application/json", headers=safe)
        case "markdown":
            return Response(markdown_of(report), media_type="text/markdown; charset=utf-8", headers=safe)
        case "html":
            page = page_of(report)
            return Response(page.html, media_type="text/html", headers=safe | {"Content-Security-Policy": page.policy})
