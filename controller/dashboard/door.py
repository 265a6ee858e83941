"""The pages put on the application, behind the admission, with the API's errors as pages."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from controller.dashboard import (
    assets,
    catalogue,
    changes,
    compare,
    data,
    experiment,
    issuer_sign_in,
    new,
    overlay,
    reference,
    sign_in,
    study,
    trial,
    verbs,
)
from controller.dashboard.admission import NotSignedIn, admit_visitor
from controller.dashboard.headers import PageHeaders, wants_data
from controller.dashboard.rendering import page
from controller.errors import Refusal, Unavailable
from podium.problem import problem_in

PAGES = (catalogue, new, compare, overlay, changes, reference, study, verbs, trial, experiment, data)
ERRORS: tuple[type[Exception], ...] = (Refusal, OperationalError, DataError, RequestValidationError, HTTPException)
Handler = Callable[[Request, Any], Response | Awaitable[Response]]  # Any: Starlette's own type


def add_dashboard(app: FastAPI) -> None:
    """Serve the pages at `/`, beside whatever the application serves already."""
    app.include_router(assets.router)
    app.include_router(sign_in.router)
    app.include_router(issuer_sign_in.router)
    for pages in PAGES:
        app.include_router(pages.router, dependencies=[Depends(admit_visitor)], include_in_schema=False)
    app.add_middleware(PageHeaders)
    for kind in ERRORS:
        app.add_exception_handler(kind, _for_people(app.exception_handlers[kind]))


def _for_people(told: Handler) -> Handler:
    """Return a handler that shows as a page what `told` answers to a machine."""

    def show(request: Request, error: Exception) -> Response:
        answer = told(request, error)
        assert isinstance(answer, Response)
        if wants_data(request.url.path):
            return answer
        if isinstance(error, NotSignedIn):
            return _to_sign_in(request)
        problem = problem_in(bytes(answer.body))
        retry = answer.headers.get("Retry-After")
        again = retry if request.method == "GET" and answer.status_code == Unavailable.status else None
        shown = page(request, "problem.html", {"problem": problem, "again": again}, status=answer.status_code)
        if retry is not None:
            shown.headers["Retry-After"] = retry
        if again is not None:  # understood by every browser, and the only way that needs no script
            shown.headers["Refresh"] = again
        return shown

    return show


def _to_sign_in(request: Request) -> Response:
    if "HX-Request" in request.headers:  # a part of a page that is open: the whole of it is to be asked for again
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    formless = "/new" if request.url.path == "/new" else "/"  # where draft.js has kept what was sent
    wanted = asked if request.method == "GET" else formless
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", 303)
