"""What a full training left in the artifact store, read for users."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from controller import artifacts, store
from controller.api.collaborators import Collaborators, Needed
from controller.api.stored import read_file, read_summary
from controller.database import transaction
from controller.errors import NoResults
from controller.experiment import ladder_of
from controller.left_results import missing_summary
from podium.results import Summary
from podium.spec import ExperimentSpec
from podium.taxonomy import TrialState

router = APIRouter(prefix="/experiments/{experiment_id}/trials/{number}/results", tags=["results"])


@router.get("")
async def read_results(experiment_id: str, number: int, needed: Needed) -> Summary:
    """Return what a full training measured beside its metrics. 404 says why there is nothing."""
    folder = await _folder(needed, experiment_id, number)
    return await read_summary(needed, folder, missing_summary(folder, number))


@router.get("/{name:path}", response_class=Response)
async def read_result_file(experiment_id: str, number: int, name: str, needed: Needed) -> Response:
    """Return a file that the summary names: `predictions.parquet` or a thumbnail such as `mistakes/00.png`."""
    folder = await _folder(needed, experiment_id, number)
    return await read_file(needed, folder, name)


async def _folder(needed: Collaborators, experiment_id: str, number: int) -> str:
    async with needed.turns:
        return await run_in_threadpool(_folder_of_trained, needed, experiment_id, number)


def _folder_of_trained(needed: Collaborators, experiment_id: str, number: int) -> str:
    """Return where a trial's results are. Raises NoResults unless it was trained in full by the built-in trainer."""
    with transaction(needed.sessions) as session:
        spec = ExperimentSpec.model_validate(store.experiment(session, experiment_id).spec)
        trial = store.trial(session, experiment_id, number)
        full_epochs = ladder_of(spec.fidelity).full_epochs
        if spec.training is None:
            raise NoResults(
                f"the trials of {experiment_id!r} run a command of their own; only the built-in trainer, "
                "which a `training` section starts, writes results"
            )
        if trial.state is not TrialState.COMPLETED:
            raise NoResults(
                f"trial {number} is {trial.state} at epoch {trial.reached_epoch} of {full_epochs}; "
                "results are written at the end of a full training"
            )
    return artifacts.results_folder(artifacts.trial_folder(needed.artifacts_url, experiment_id, number))
