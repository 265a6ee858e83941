"""Signing in at an OpenID Connect issuer: out to it, and back from it. The authorization code flow, with PKCE.

Going out is a link and no form: browsers hold all redirects that follow a form to the policy of its page, and an issuer
may send people on to others, whom no policy of ours can name. It changes nothing but a cookie of its own.
"""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from starlette.datastructures import QueryParams

from controller.api.admission import address_of
from controller.api.collaborators import Collaborators, Needed, Now
from controller.dashboard.admission import visits_of
from controller.dashboard.sign_in import Next
from controller.dashboard.threshold import ask, here, let_in
from controller.dashboard.visit import Visits
from controller.oidc.attempt import LIFETIME, Attempts
from controller.oidc.grants import granted
from controller.oidc.options import CALLBACK, OidcOptions
from controller.oidc.person import Person
from controller.oidc.refusals import InNoGroup, NotBelieved, SignInRefused

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)
OUT = "/sign-in/oidc"
COOKIE = "podium_sign_in"
MOST_COOKIE_LETTERS = 4000
"""Browsers drop a longer one without a word."""
MOST_ERROR_LETTERS = 200
Text = Annotated[str, Query(max_length=8000)]


@router.get(OUT)
async def set_out(request: Request, needed: Needed, now: Now, next: Next = "/") -> Response:  # noqa: A002  # the address' own word
    """Send a browser to the issuer, with a cookie by which it is known again."""
    issuer, wanted = needed.issuer, here(next)
    if issuer is None:
        return RedirectResponse(f"/sign-in?{urlencode({'next': wanted})}", status.HTTP_303_SEE_OTHER)
    address = address_of(request)
    needed.guesses.count(address, now)
    needed.guesses.forgive(
        address, now
    )  # nobody guesses on the way out, and tokens are to open while an issuer is away
    attempts = Attempts(key=needed.signer.key)
    attempt = attempts.begin(wanted)
    try:
        there = await issuer.address(attempt, now)
    except SignInRefused as refusal:
        return _refused(request, needed, wanted, refusal)
    answer = RedirectResponse(there, status.HTTP_303_SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        attempts.cookie(attempt, now),
        max_age=int(LIFETIME.total_seconds()),
        path=OUT,
        httponly=True,
        samesite="lax",
        secure=issuer.options.is_encrypted,
    )
    return answer


@router.get(CALLBACK)
async def come_back(request: Request, needed: Needed, now: Now, state: Text = "") -> Response:
    """Begin a visit for whom the issuer knows and whose groups open Podium. An attempt takes one answer."""
    issuer, visits = needed.issuer, visits_of(needed)
    if issuer is None or visits is None:
        return RedirectResponse("/sign-in", status.HTTP_303_SEE_OTHER)
    address, options = address_of(request), issuer.options
    needed.guesses.count(address, now)
    attempt = Attempts(key=needed.signer.key).read(request.cookies.get(COOKIE, ""), now)
    if attempt is None or not attempt.is_answered_by(state):
        return _refused(request, needed, "/", _nothing_began(options))
    try:
        person = await issuer.person(_code(request.query_params, options), attempt, now)
        needed.guesses.forgive(address, now)  # the issuer knows him: he is no guesser, whatever his groups
        answer = _entered(visits, options, person, attempt.next, now)
    except SignInRefused as refusal:
        answer = _refused(request, needed, attempt.next, refusal)
    answer.delete_cookie(COOKIE, path=OUT, httponly=True, samesite="lax", secure=options.is_encrypted)
    return answer


def _code(told: QueryParams, options: OidcOptions) -> str:
    """Return the code that the issuer gave the browser. Raises NotBelieved for an error, or another issuer's answer."""
    if told.get("iss", options.issuer) != options.issuer:  # RFC 9207
        raise NotBelieved(f"the answer is not of {options.name}; sign in again")
    if "code" not in told:
        error = f"{told.get('error', 'no code')} {told.get('error_description', '')}".strip()
        raise NotBelieved(f"{options.name} did not let you in: {error[:MOST_ERROR_LETTERS]}")
    return told["code"]


def _entered(visits: Visits, options: OidcOptions, person: Person, wanted: str, now: datetime) -> Response:
    """Begin somebody's visit. Raises InNoGroup, also for one of more groups than a cookie holds."""
    if granted(person.groups, options.grants) is None:
        told = f"of which it told {len(person.groups)} in the claim {options.groups_claim!r}"
        raise InNoGroup(
            f"{options.name} knows you as {person.name}, but none of your groups, {told}, opens Podium; ask whoever "
            "keeps the groups there, or an admin, who names groups in PODIUM_OIDC_GROUPS"
        )
    cookie = visits.begin_from(options, person, now)
    if len(cookie) > MOST_COOKIE_LETTERS:
        raise InNoGroup(f"{person.name} is in more groups of PODIUM_OIDC_GROUPS than a cookie holds; name fewer there")
    log.info("somebody signed in at the issuer", who=person.name, subject=person.subject)
    return let_in(wanted, cookie, options.lifetime, is_encrypted=options.is_encrypted)


def _refused(request: Request, needed: Collaborators, wanted: str, refusal: SignInRefused) -> Response:
    log.info("somebody was not let in by the issuer", client=address_of(request), why=refusal.detail)
    return ask(request, needed, wanted=wanted, refusal=refusal.detail, status=refusal.status)


def _nothing_began(options: OidcOptions) -> NotBelieved:
    return NotBelieved(
        "this browser began no such sign-in, or it is over: it takes one answer, within ten minutes; "
        f"begin at {options.public_url}/sign-in"
    )
