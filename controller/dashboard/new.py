"""A new experiment, from its spec as text. What is refused comes back as typed, with its faults at their lines."""

from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.responses import RedirectResponse

from controller import lifecycle
from controller.api.collaborators import Needed, Now, Transaction, random_suffixes
from controller.api.experiments import spec_of
from controller.dashboard.admission import sent_from_here
from controller.dashboard.fault_lines import marked_lines
from controller.dashboard.form import Form
from controller.dashboard.rendering import page
from controller.errors import InvalidSpec, KeyReused

router = APIRouter()


@router.get("/new")
def show(request: Request) -> Response:
    return page(request, "new.html", {"text": "", "key": uuid4().hex, "refusal": "", "lines": []})


@router.post("/new", dependencies=[Depends(sent_from_here)])
def create(request: Request, session: Transaction, now: Now, needed: Needed, form: Form) -> Response:
    """Create the experiment, once however often its form is sent, and lead to its page."""
    text, key = form.get("spec", ""), form.get("key", "")
    try:
        spec = spec_of(text.encode(), needed.reserved_names)
        with session.begin_nested():  # what is refused below leaves nothing behind, and is no error of the request
            row, _ = lifecycle.create(session, spec, suffixes=random_suffixes(), key=key or None, now=now)
    except (InvalidSpec, KeyReused) as error:
        faulty = marked_lines(text, error.detail, error.faults)
        # a new key: what is sent next is another spec
        values = {"text": text, "key": uuid4().hex, "refusal": error.detail, "lines": faulty}
        return page(request, "new.html", values, status=error.status)
    return RedirectResponse(f"/experiments/{row.id}", status.HTTP_303_SEE_OTHER)
