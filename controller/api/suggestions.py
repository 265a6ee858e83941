"""Asking for a run that Podium does not start, and giving one up."""

from datetime import datetime

import anyio
from fastapi import APIRouter, Request, status
from starlette.concurrency import run_in_threadpool

from controller.api.collaborators import Collaborators, Job, Needed, Now, Transaction
from controller.database import transaction
from controller.leases import taking
from podium.asked import Ask, Asked, GivenUp
from podium.taxonomy import ExperimentState

BETWEEN_LOOKS_SECONDS = 0.25

router = APIRouter(prefix="/experiments", tags=["ask and tell"])
run_router = APIRouter(prefix="/run", tags=["worker"])


@router.post("/{experiment_id}/suggestions")
async def ask(experiment_id: str, request: Request, needed: Needed, wish: Ask | None = None) -> Asked:
    """Take a run, to train it wherever you are, and report it under `/run` with the token that comes with it.

    It is yours until you report its last epoch, give it up, or say nothing for as long as the lease lasts. Without one
    to be had, and while the experiment is running, ask again: with `wait_seconds`, the answer comes once there is one.
    """
    wish = wish or Ask()
    until = anyio.current_time() + wish.wait_seconds
    while True:
        async with needed.turns:
            asked = await run_in_threadpool(_ask, needed, experiment_id, wish, needed.clock())
        if asked.suggestion is not None or asked.state is not ExperimentState.RUNNING:
            return asked
        if (left := until - anyio.current_time()) <= 0:
            return asked
        await anyio.sleep(min(BETWEEN_LOOKS_SECONDS, left))
        if await request.is_disconnected():  # a run given to who has left would wait for the end of its lease
            return asked


def _ask(needed: Collaborators, experiment_id: str, wish: Ask, now: datetime) -> Asked:
    with transaction(needed.sessions) as session:
        return taking.ask(session, experiment_id, wish, needed.signer, now)


@run_router.post("/end", status_code=status.HTTP_204_NO_CONTENT)
def give_up(given_up: GivenUp, session: Transaction, job: Job, now: Now) -> None:
    """End a run that was asked for before its target. 409 for one that Podium started: its exit code says it."""
    taking.give_up(session, job, given_up, now)
