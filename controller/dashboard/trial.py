"""The page of one trial: its parameters, its runs and attempts, why each ended, and what a full training left."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from controller import report, store
from controller.api import results
from controller.api.collaborators import Needed, Transaction
from controller.dashboard import rendering
from controller.dashboard.catalogue import Seen
from controller.dashboard.headers import DATA
from controller.dashboard.rendering import Live
from controller.database import ask_for_output
from controller.errors import ArtifactsAway, NoResults
from controller.onlookers import jobs_to_watch
from controller.principal import asking_of
from podium.spec import ExperimentSpec
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
        "now": _now(session, experiment_id, spec, trial).html,
        "results": _to_be_read(experiment_id, number).html if spec.training is not None else "",
        "next_number": number + 1 if number < store.newest(session, experiment_id).trial else None,
    }
    return rendering.page(request, "trial.html", values)


@router.get("/parts/experiments/{experiment_id}/trials/{number}")
def show_now(experiment_id: str, number: int, session: Transaction, seen: Seen = None) -> Response:
    spec = ExperimentSpec.model_validate(store.experiment(session, experiment_id).spec)
    trial = report.trial_detail(session, store.trial(session, experiment_id, number), with_measurements=False)
    ask_for_output(session, jobs_to_watch(trial.runs))  # whoever looks at a page asks every two seconds
    return _now(session, experiment_id, spec, trial).since(seen)


@router.get("/parts/experiments/{experiment_id}/trials/{number}/results")
async def show_results(experiment_id: str, number: int, needed: Needed, seen: Seen = None) -> Response:
    """Show what a full training left, or say why there is nothing yet. Asked for apart: a storage may be slow."""
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
    return _results(experiment_id, number, values, trigger="podium:changed").since(seen)


def _to_be_read(experiment_id: str, number: int) -> Live:
    """Return the results' place on a page that was just opened."""
    values = {"summary": None, "refusal": "Reading the results…"}
    return _results(experiment_id, number, values, trigger="load, podium:changed")


def _results(experiment_id: str, number: int, values: Mapping[str, object], trigger: str) -> Live:
    url = f"/parts/experiments/{experiment_id}/trials/{number}/results"
    return rendering.live("results.html", values, name="results", url=url, trigger=trigger)


def _now(session: Transaction, experiment_id: str, spec: ExperimentSpec, trial: TrialDetail) -> Live:
    can_edit = rendering.can_edit(asking_of(session))
    values = {"experiment_id": experiment_id, "spec": spec, "trial": trial, "can_edit": can_edit}
    url = f"/parts/experiments/{experiment_id}/trials/{trial.number}"
    return rendering.live("trial_now.html", values, name="now", url=url)
