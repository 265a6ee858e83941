"""A trial on the test part: what its evaluation needs, the Job that would do it, and what came of it.

The API starts nothing: `podium evaluate` computes where it runs, or prints the Job for whoever may create it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from starlette.concurrency import run_in_threadpool

from controller import artifacts, store
from controller.api.collaborators import Collaborators, Needed, Transaction
from controller.api.stored import read_file, read_summary
from controller.database import transaction
from controller.evaluation import Asked, evaluation_of, shape_for_evaluation
from podium.evaluation import Evaluation
from podium.results import Summary

router = APIRouter(prefix="/experiments/{experiment_id}/trials/{number}", tags=["test part"])

TestData = Annotated[str | None, Query(min_length=1, description="in place of the experiment's `training.test_data`")]


async def read_asked(experiment_id: str, number: int, test_data: TestData = None) -> Asked:
    return Asked(experiment=experiment_id, trial=number, test_data=test_data)


Wanted = Annotated[Asked, Depends(read_asked)]


@router.get("/evaluation", response_model_exclude_unset=True)
def read_evaluation(wanted: Wanted, session: Transaction, needed: Needed) -> Evaluation:
    """Say what judging a trial on the test part needs. 409 says why it cannot be judged."""
    return evaluation_of(session, wanted, needed.artifacts_url)


@router.get("/evaluation/job")
def read_evaluation_job(wanted: Wanted, session: Transaction, needed: Needed) -> dict[str, Any]:  # Any: Kubernetes' own
    """Return a Kubernetes Job that does it, in a Pod as a full training's. Nothing is created."""
    evaluation = evaluation_of(session, wanted, needed.artifacts_url)
    shape = shape_for_evaluation(session, wanted, needed.pod_defaults)
    from controller.kubernetes.evaluation import evaluation_job  # noqa: PLC0415 - 40 MB that only this answer needs

    return evaluation_job(evaluation, shape)


@router.get("/test")
async def read_test_results(experiment_id: str, number: int, needed: Needed) -> Summary:
    """Return what a trial's evaluation on the test part measured. 404 says why there is nothing."""
    folder = await _folder(needed, experiment_id, number)
    return await read_summary(needed, folder, _missing(experiment_id, number))


@router.get("/test/{name:path}", response_class=Response)
async def read_test_file(experiment_id: str, number: int, name: str, needed: Needed) -> Response:
    """Return a file that the summary names."""
    folder = await _folder(needed, experiment_id, number)
    return await read_file(needed, folder, name)


def _missing(experiment_id: str, number: int) -> str:
    asked = f"podium evaluate {experiment_id} {number}"
    return f"trial {number} was not evaluated on the test part, or not to the end; `{asked}` does it"


async def _folder(needed: Collaborators, experiment_id: str, number: int) -> str:
    async with needed.turns:
        return await run_in_threadpool(_folder_of_known, needed, experiment_id, number)


def _folder_of_known(needed: Collaborators, experiment_id: str, number: int) -> str:
    """Return where a trial's results on the test part would be. Raises NotFound for one that there is not."""
    with transaction(needed.sessions) as session:
        store.experiment(session, experiment_id)
        store.trial(session, experiment_id, number)
    return artifacts.results_folder(artifacts.trial_folder(needed.artifacts_url, experiment_id, number), "test")
