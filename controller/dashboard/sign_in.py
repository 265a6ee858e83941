"""Signing in with the API's token, and out again."""

from typing import Annotated
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from controller.api.admission import address_of, known_by
from controller.api.collaborators import Needed, Now
from controller.dashboard.admission import COOKIE, sent_from_here, visits_of
from controller.dashboard.form import Form
from controller.dashboard.threshold import ask, here, let_in
from controller.dashboard.visit import LIFETIME
from controller.errors import TokenExpired, Unauthorized

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)
Next = Annotated[str, Query(max_length=2000)]


@router.get("/sign-in")
def show(request: Request, needed: Needed, next: Next = "/") -> Response:  # noqa: A002  # the address' own word
    """Ask for the token, where there is one."""
    if needed.admin_token is None:
        return RedirectResponse("/", status.HTTP_303_SEE_OTHER)
    return ask(request, needed, wanted=here(next))


@router.post("/sign-in", dependencies=[Depends(sent_from_here)])
async def sign_in(request: Request, needed: Needed, now: Now, form: Form) -> Response:
    """Begin a visit for whoever knows a token of the API; what it opens is for the token to say."""
    wanted, visits = here(form.get("next", "/")), visits_of(needed)
    if visits is None:
        return RedirectResponse(wanted, status.HTTP_303_SEE_OTHER)
    address = address_of(request)
    needed.guesses.count(address, now)
    try:
        principal = await known_by(needed, form.get("token", ""), now)
    except Unauthorized as error:
        log.info("somebody was not let into the dashboard", client=address)
        return ask(request, needed, wanted=wanted, refusal=_why(error), status=401)
    needed.guesses.forgive(address, now)
    return let_in(wanted, visits.begin(principal, now), LIFETIME, is_encrypted=_is_encrypted(request))


@router.post("/sign-out", dependencies=[Depends(sent_from_here)])
def sign_out(request: Request) -> Response:
    """End a visit in this browser."""
    answer = RedirectResponse("/sign-in", status.HTTP_303_SEE_OTHER)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_is_encrypted(request))
    return answer


def _why(error: Unauthorized) -> str:
    return error.detail if isinstance(error, TokenExpired) else "That is not a token of this API."


def _is_encrypted(request: Request) -> bool:
    """Say whether the browser speaks https; it says so itself, since a proxy in front may not."""
    return request.url.scheme == "https" or urlsplit(request.headers.get("origin", "")).scheme == "https"
