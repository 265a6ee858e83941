"""What the buttons do: the verbs of an experiment's life, sent by forms. Each leads back to the page it came from."""

from collections.abc import Mapping

from fastapi import APIRouter, Depends, Response, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from controller import lifecycle
from controller.api.collaborators import Now, Transaction
from controller.dashboard.admission import sent_from_here
from controller.dashboard.form import Form
from controller.errors import InvalidRequest
from podium.faults import faults_of
from podium.wire import ExperimentChange

router = APIRouter(dependencies=[Depends(sent_from_here)])
LIMITS = {"cost": float, "runs": int, "hours": float, "money": float}


@router.post("/experiments/{experiment_id}/pause")
def pause(experiment_id: str, session: Transaction, now: Now) -> Response:
    return _back_to(lifecycle.pause(session, experiment_id, now).id)


@router.post("/experiments/{experiment_id}/resume")
def resume(experiment_id: str, session: Transaction, now: Now) -> Response:
    return _back_to(lifecycle.resume(session, experiment_id, now).id)


@router.post("/experiments/{experiment_id}/stop")
def stop(experiment_id: str, session: Transaction, now: Now) -> Response:
    return _back_to(lifecycle.stop(session, experiment_id, now).id)


@router.post("/experiments/{experiment_id}/change")
def change(experiment_id: str, session: Transaction, form: Form, now: Now) -> Response:
    wanted = change_of(form)
    if wanted is not None:
        lifecycle.change(session, experiment_id, wanted, now)
    return _back_to(experiment_id)


@router.post("/experiments/{experiment_id}/trials/{number}/stop")
def stop_trial(experiment_id: str, number: int, session: Transaction) -> Response:
    lifecycle.stop_trial(session, experiment_id, number)
    return RedirectResponse(f"/experiments/{experiment_id}/trials/{number}", status.HTTP_303_SEE_OTHER)


def change_of(form: Mapping[str, str]) -> ExperimentChange | None:
    """Return what a form changes: fields that differ from what it showed. None where none does.

    What somebody else changed meanwhile is not set back. Raises InvalidRequest with every fault.
    """
    changed = {
        name: text.strip() for name, text in form.items() if text.strip() and text.strip() != form.get(f"was_{name}")
    }
    budget = {name: _number(changed[name], kind) for name, kind in LIMITS.items() if name in changed}
    document: dict[str, object] = {"budget": budget} if budget else {}
    if "parallelism" in changed:
        document["parallelism"] = _number(changed["parallelism"], int)
    if not document:
        return None
    try:
        return ExperimentChange.model_validate(document)
    except ValidationError as error:
        faults = faults_of(error.errors(), document, ExperimentChange)
        raise InvalidRequest("nothing was changed: what was asked for makes no sense", faults) from None


def _number(text: str, kind: type[int] | type[float]) -> object:
    """Return the number that was typed; what is none stays as it is, for the contract to refuse."""
    try:
        return kind(text)
    except ValueError:
        return text


def _back_to(experiment_id: str) -> Response:
    return RedirectResponse(f"/experiments/{experiment_id}", status.HTTP_303_SEE_OTHER)
