"""Signing in with the API's token, and out again."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from controller.api.admission import known_by
from controller.api.collaborators import Collaborators, Needed, Now
from controller.dashboard.admission import COOKIE, sent_from_here, visits_of
from controller.dashboard.form import Form
from controller.dashboard.rendering import page
from controller.dashboard.visit import LIFETIME
from controller.errors import TokenExpired, TooMany, Unauthorized

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)
EVERYBODY = "everybody"
Next = Annotated[str, Query(max_length=2000)]


@router.get("/sign-in")
def show(request: Request, needed: Needed, next: Next = "/") -> Response:  # noqa: A002  # the address' own word
    """Ask for the token, where there is one."""
    if needed.admin_token is None:
        return RedirectResponse("/", status.HTTP_303_SEE_OTHER)
    return page(request, "sign_in.html", {"next": _here(next), "refusal": ""})


@router.post("/sign-in", dependencies=[Depends(sent_from_here)])
async def sign_in(request: Request, needed: Needed, now: Now, form: Form) -> Response:
    """Begin a visit for whoever knows a token of the API; what it opens is for the token to say."""
    wanted, visits = _here(form.get("next", "/")), visits_of(needed)
    if visits is None:
        return RedirectResponse(wanted, status.HTTP_303_SEE_OTHER)
    address = request.client.host if request.client else ""
    _refuse_floods(needed, address, now)
    try:
        principal = await known_by(needed, form.get("token", ""), now)
    except Unauthorized as error:
        log.info("somebody was not let into the dashboard", client=address)
        return page(request, "sign_in.html", {"next": wanted, "refusal": _why(error)}, status=401)
    needed.guesses.give_back(address, now)
    needed.all_guesses.give_back(EVERYBODY, now)
    answer = RedirectResponse(wanted, status.HTTP_303_SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        visits.begin(principal, now),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_encrypted(request),
    )
    return answer


@router.post("/sign-out", dependencies=[Depends(sent_from_here)])
def sign_out(request: Request) -> Response:
    """End a visit in this browser."""
    answer = RedirectResponse("/sign-in", status.HTTP_303_SEE_OTHER)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_is_encrypted(request))
    return answer


def _refuse_floods(needed: Collaborators, address: str, now: datetime) -> None:
    """Count an attempt; who is known has it back. Raises TooMany."""
    wait_seconds = needed.guesses.take(address, now) or needed.all_guesses.take(EVERYBODY, now)
    if wait_seconds:
        raise TooMany("too many wrong tokens came from here, or from everywhere; wait a little", wait_seconds)


def _why(error: Unauthorized) -> str:
    return error.detail if isinstance(error, TokenExpired) else "That is not a token of this API."


def _is_encrypted(request: Request) -> bool:
    """Say whether the browser speaks https; it says so itself, since a proxy in front may not."""
    return request.url.scheme == "https" or urlsplit(request.headers.get("origin", "")).scheme == "https"


def _here(wanted: str) -> str:
    """Return where to go next, if that is a page of ours: nobody is led elsewhere by a link to the sign-in."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours and wanted.isprintable() else "/"
