"""What a full training left in the artifact store, read for users. No name that a user sends reaches the storage.

A storage may be slow, or hang: a request holds neither a database connection nor one of the common threads meanwhile.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread
from fastapi import APIRouter, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from controller import artifacts, store
from controller.api.collaborators import Collaborators, Needed
from controller.database import transaction
from controller.errors import ArtifactsAway, NoResults
from controller.experiment import ladder_of
from podium.results import PREDICTIONS, SUMMARY, Summary
from podium.spec import ExperimentSpec
from podium.taxonomy import TrialState

router = APIRouter(prefix="/experiments/{experiment_id}/trials/{number}/results", tags=["results"])

MOST_BYTES = 32 * 1024 * 1024
"""Of one file: four are read at once, into the memory of one process."""
Answer = TypeVar("Answer")


@router.get("")
async def read_results(experiment_id: str, number: int, needed: Needed) -> Summary:
    """Return what a full training measured beside its metrics. 404 says why there is nothing."""
    folder = await _folder(needed, experiment_id, number)
    return await _read(needed, lambda: _summary(folder, number))


@router.get("/{name:path}", response_class=Response)
async def read_result_file(experiment_id: str, number: int, name: str, needed: Needed) -> Response:
    """Return a file that the summary names: `predictions.parquet` or a thumbnail such as `mistakes/00.png`."""
    folder = await _folder(needed, experiment_id, number)

    def named() -> bytes:
        known = next((file for file in _summary(folder, number).files() if file == name), None)
        if known is None:
            raise NoResults(f"the results of trial {number} have no file {name!r}; their summary names those there are")
        return _content(f"{folder}/{known}", f"there is no {folder}/{known}; somebody removed it")

    content = await _read(needed, named)
    media_type = "application/vnd.apache.parquet" if name == PREDICTIONS else "image/png"
    return Response(content, media_type=media_type, headers={"X-Content-Type-Options": "nosniff"})


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


async def _read(needed: Collaborators, ask: Callable[[], Answer]) -> Answer:
    return await to_thread.run_sync(ask, limiter=needed.artifact_readers)


def _summary(folder: str, number: int) -> Summary:
    url = f"{folder}/{SUMMARY}"
    missing = (
        f"trial {number} was trained in full, but there is no {url}: the storage refused it, as the worker's log "
        "tells, or a worker of an older version trained it"
    )
    try:
        return Summary.model_validate_json(_content(url, missing))
    except ValidationError:
        raise NoResults(f"{url} is damaged, or of another version of Podium than this controller") from None


def _content(url: str, missing: str) -> bytes:
    try:
        return artifacts.read(url, MOST_BYTES)
    except FileNotFoundError:
        raise NoResults(missing) from None
    except OverflowError as error:
        raise NoResults(f"{error}; read it there") from None
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise ArtifactsAway(f"{url} cannot be read ({why}); the API needs to reach the artifact store") from error
