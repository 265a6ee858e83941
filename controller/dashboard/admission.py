"""Who is let in, and from where a form may come.

Pages are closed where the API is closed and open where it is open. A form is believed when the browser says that a page
of ours sent it. Where one signs in, SameSite keeps the cookie out of other sites' forms already; where the API is open,
as on the loopback address, nothing but this does, and a page of ours is one under a name of ours.
"""

from datetime import datetime
from typing import assert_never
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from controller import token_table
from controller.api.admission import let_in
from controller.api.collaborators import Collaborators, Needed, Now
from controller.api.origin import refuse_unknown_host
from controller.dashboard.visit import PersonVisit, TokenVisit, Visit, Visits
from controller.database import transaction
from controller.errors import Forbidden, Unauthorized
from controller.oidc.grants import granted
from controller.oidc.options import OidcOptions
from controller.principal import ANYBODY, BOOTSTRAP, Principal

COOKIE = "podium_visit"


class NotSignedIn(Unauthorized):
    """A page was asked for by somebody whom it does not know."""


async def admit_visitor(request: Request, needed: Needed, now: Now) -> None:
    """Let a visitor in whose role opens the page, to what belongs to his projects.

    Raises NotSignedIn without a valid cookie where the API has a token, Forbidden for a role too low. Where the API is
    open, raises Forbidden for a page that is asked for under another site's name.
    """
    visits = visits_of(needed)
    if visits is None:
        refuse_unknown_host(request.headers, needed.host_names)
        principal = ANYBODY
    else:
        principal = await _visitor(needed, visits.read(request.cookies.get(COOKIE, ""), now), now)
    await let_in(request, needed, principal, now)


async def _visitor(needed: Collaborators, visit: Visit | None, now: datetime) -> Principal:
    """Return whom a visit belongs to, as of now. Raises NotSignedIn, also where its token or his groups have ended."""
    match visit:
        case None:
            raise NotSignedIn("sign in with a token of the API")
        case PersonVisit():
            return _person(needed.issuer.options if needed.issuer else None, visit)
        case TokenVisit(token_id=token_id):
            return BOOTSTRAP if token_id is None else await _of_token(needed, token_id, now)
        case _ as unknown:
            assert_never(unknown)


def _person(issuer: OidcOptions | None, visit: PersonVisit) -> Principal:
    """Return whom an issuer knows, with what his groups give by the settings of now."""
    grant = granted(visit.person.groups, issuer.grants) if issuer is not None else None
    if grant is None:
        raise NotSignedIn("your groups do not open Podium any more")
    return Principal(
        name=visit.person.name,
        role=grant.role,
        source="oidc",
        projects=grant.projects,
        expires_at=visit.ends_at,
        subject=visit.person.subject,
    )


async def _of_token(needed: Collaborators, token_id: int, now: datetime) -> Principal:
    def ask() -> Principal:
        with transaction(needed.sessions) as session:
            return token_table.principal_of_id(session, token_id, now)

    try:
        async with needed.turns:
            return await run_in_threadpool(ask)
    except Unauthorized as error:
        raise NotSignedIn(error.detail) from None


def visits_of(needed: Collaborators) -> Visits | None:
    """Return whom to ask about cookies; None where the API is open."""
    if needed.admin_token is None:
        return None
    issuer = needed.issuer.options if needed.issuer is not None else None
    return Visits(key=needed.signer.key, admin_token=needed.admin_token, issuer=issuer)


async def sent_from_here(request: Request) -> None:
    """Raise Forbidden for a form of another site's page, and for one of which the browser does not say whose it is."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    is_ours = site == "same-origin" if site is not None else urlsplit(origin).netloc == request.headers.get("host")
    if not is_ours:
        raise Forbidden("this form was not sent by a page of this address; open the page here and send it again")
