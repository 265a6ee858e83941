"""What exports read: trials by the page with all that they measured, and the checkpoint of a full training."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from controller import kept_checkpoint, store
from controller.api.collaborators import Collaborators, Needed, Transaction
from controller.api.pages import CursorText, number_after, page
from controller.database import transaction
from controller.experiment import ladder_of
from controller.records import measurements_of, records_of
from podium.exporting.record import TrialRecord
from podium.measured import TrialMeasurements
from podium.spec import ExperimentSpec
from podium.wire import Page

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["exports"])

FewTrials = Annotated[int, Query(ge=1, le=200, description="fewer than elsewhere: each comes with all its epochs")]


@router.get("/records")
def list_records(
    experiment_id: str, session: Transaction, limit: FewTrials = 50, cursor: CursorText = None
) -> Page[TrialRecord]:
    """List trials with their runs and all that these measured."""
    found = store.experiment(session, experiment_id)
    full_epochs = ladder_of(ExperimentSpec.model_validate(found.spec).fidelity).full_epochs
    rows = store.trials(session, experiment_id, after=number_after(cursor), limit=limit + 1)
    told = {each.trial.number: each for each in records_of(session, rows[:limit], full_epochs=full_epochs)}
    return page(rows, limit, key=lambda row: row.number, show=lambda row: told[row.number])


@router.get("/measurements")
def list_measurements(
    experiment_id: str, session: Transaction, limit: FewTrials = 50, cursor: CursorText = None
) -> Page[TrialMeasurements]:
    """List trials with what each of their epochs measured: a page of trials comes with all of theirs."""
    store.experiment(session, experiment_id)
    rows = store.trials(session, experiment_id, after=number_after(cursor), limit=limit + 1)
    told = {each.number: each for each in measurements_of(session, rows[:limit])}
    return page(rows, limit, key=lambda row: row.number, show=lambda row: told[row.number])


@router.get(
    "/trials/{number}/checkpoint",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "as podium.checkpoints stores it"}},
)
async def read_checkpoint(experiment_id: str, number: int, needed: Needed) -> StreamingResponse:
    """Return the checkpoint of a trial's full training. 404 says why there is none."""
    async with needed.turns:
        wanted = await run_in_threadpool(_wanted, needed, experiment_id, number)
    limiter = needed.artifact_readers
    size_bytes, chunks = await to_thread.run_sync(kept_checkpoint.opened, wanted, limiter=limiter)
    return StreamingResponse(
        _sent(chunks, needed),
        media_type="application/octet-stream",
        headers={"Content-Length": str(size_bytes), "X-Content-Type-Options": "nosniff"},
    )


def _wanted(needed: Collaborators, experiment_id: str, number: int) -> kept_checkpoint.Wanted:
    with transaction(needed.sessions) as session:
        return kept_checkpoint.wanted_of(session, experiment_id, number, needed.artifacts_url)


async def _sent(chunks: Iterator[bytes], needed: Collaborators) -> AsyncIterator[bytes]:
    """Hold one of the readers' threads for a chunk at a time: a slow caller keeps nobody else from reading."""
    while (chunk := await to_thread.run_sync(next, chunks, b"", limiter=needed.artifact_readers)) != b"":
        yield chunk
