"""What is well with the installation, as far as the API's process can see: for `podium doctor`."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from controller.api.collaborators import Needed, Transaction
from controller.diagnosis import database_facts, findings, store_fault
from podium.diagnosis import Diagnosis

router = APIRouter(tags=["access"])


@router.get("/doctor")
async def doctor(needed: Needed, session: Transaction) -> Diagnosis:
    """Look at the database, the reconciler, the artifact store, and at what Pods wait for."""
    facts = await run_in_threadpool(database_facts, session)
    return Diagnosis(findings=list(findings(facts, await run_in_threadpool(store_fault, needed.artifacts_url))))
