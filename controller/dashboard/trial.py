"""The page of one trial: its parameters, its runs and attempts, why each ended, and what a full training left."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from controller import report, store
from controller.api import results
from controller.api.collaborators import Needed, Transaction
from controller.dashboard import rendering
from controller.dashboard.catalogue import Seen
from controller.dashboard.headers import DATA
from controller.dashboard.rendering import Live
from controller.errors import ArtifactsAway, NoResults
from podium.spec import ExperimentSpec
from podium.taxonomy import TrialState
from podium.wire import TrialDetail

router = APIRouter()
SHOWN = 20
"""Labels, and confused pairs; the files hold the rest."""


@router.get("/experiments/{experiment_id}/trials/{number}")
def show(request: Request, experiment_id: str, number: int, session: Transaction) -> Response:
    row = store.experiment(session, experiment_id)
    spec = ExperimentSpec.model_validate(row.spec)
    trial = report.trial_detail(session, store.trial(session, experiment_id, number), with_measurements=False)
    values = {
        "experiment_id": experiment_id,
        "trial": trial,
        "now": _now(experiment_id, spec, trial).html,
        "has_results": spec.training is not None and trial.state is TrialState.COMPLETED,
        "next_number": number + 1 if number < store.newest(session, experiment_id).trial else None,
    }
    return rendering.page(request, "trial.html", values)


@router.get("/parts/experiments/{experiment_id}/trials/{number}")
def show_now(experiment_id: str, number: int, session: Transaction, seen: Seen = None) -> Response:
    spec = ExperimentSpec.model_validate(store.experiment(session, experiment_id).spec)
    trial = report.trial_detail(session, store.trial(session, experiment_id, number), with_measurements=False)
    return _now(experiment_id, spec, trial).since(seen)


@router.get("/parts/experiments/{experiment_id}/trials/{number}/results")
async def show_results(experiment_id: str, number: int, needed: Needed) -> Response:
    """Show what a full training left, or say why there is nothing. Asked for apart: a storage may be slow."""
    try:
        summary, refusal = await results.read_results(experiment_id, number, needed), ""
    except (NoResults, ArtifactsAway) as error:
        summary, refusal = None, error.detail
    ranked = sorted(
        (each for each in (summary.classes if summary else ()) if each.images),
        key=lambda each: each.correct / each.images,
    )
    values = {
        "summary": summary,
        "refusal": refusal,
        "worst": ranked[:SHOWN],
        "confusions": summary.confusions[:SHOWN] if summary else [],
        "data_url": f"{DATA}/experiments/{experiment_id}/trials/{number}",
    }
    return HTMLResponse(rendering.environment().get_template("results.html").render(values))


def _now(experiment_id: str, spec: ExperimentSpec, trial: TrialDetail) -> Live:
    values = {"experiment_id": experiment_id, "spec": spec, "trial": trial}
    url = f"/parts/experiments/{experiment_id}/trials/{trial.number}"
    return rendering.live("trial_now.html", values, name="now", url=url)
