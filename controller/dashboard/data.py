"""Figures, pictures and tables for the pages, behind the pages' own admission: browsers have a cookie and no token.

What the API serves is served by the API's own routes.
"""

import json
from collections.abc import Mapping

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from controller import report, store
from controller.api import experiments, figures, results
from controller.api.collaborators import Needed, Transaction
from controller.dashboard.confusion import confusion_of
from controller.dashboard.curves import Figure, curves_of
from controller.dashboard.headers import DATA

router = APIRouter(prefix=DATA)
router.include_router(figures.router)
router.include_router(results.router)
router.add_api_route("/experiments/{experiment_id}/trials.csv", experiments.export_trials)

TRIAL = "/experiments/{experiment_id}/trials/{number}"


@router.get(f"{TRIAL}/curves")
def read_curves(experiment_id: str, number: int, session: Transaction) -> Mapping[str, Figure]:
    """Return a trial's learning curves, by metric."""
    metric = store.experiment(session, experiment_id).spec["objective"]["metric"]
    return curves_of(report.trial_detail(session, store.trial(session, experiment_id, number)), metric)


@router.get(f"{TRIAL}/confusion", response_class=Response)
async def read_confusion(experiment_id: str, number: int, needed: Needed) -> Response:
    """Return the confusion matrix of a full training. 404 says why there is none."""
    summary = await results.read_results(experiment_id, number, needed)
    drawn = await run_in_threadpool(lambda: json.dumps({"confusion matrix": confusion_of(summary)}))
    return Response(drawn, media_type="application/json")
