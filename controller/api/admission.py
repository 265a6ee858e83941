"""Who is let in to the API: a request's token, whom it belongs to, and what the table says that its route needs."""

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from controller import token_table
from controller.api.access import needed_by
from controller.api.collaborators import Authorization, Collaborators, Needed, Now, bearer
from controller.api.origin import refuse_foreign
from controller.database import transaction
from controller.errors import Forbidden, InvalidToken
from controller.principal import ANYBODY, BOOTSTRAP, Asking, Principal, attach
from controller.secret_words import is_secret
from controller.store import experiment
from controller.token_table import NO_TOKEN, WRONG_TOKEN
from podium.access import Role


async def admit_user(request: Request, needed: Needed, now: Now, authorization: Authorization = "") -> None:
    """Let a user in whose role opens the route, to what belongs to his projects.

    Raises InvalidToken and TokenExpired for who is not known, TooMany after too many of these; Forbidden for who may
    not: a worker, or a role too low; ExperimentNotFound for an experiment of another project. Where the API is open,
    Forbidden for what a browser sends on behalf of another site.
    """
    token = bearer(authorization)
    if token is not None and needed.signer.is_run_token(token):
        raise Forbidden("a run token opens /run and nothing else")
    if needed.admin_token is None:
        refuse_foreign(request.headers, needed.host_names)
        principal = ANYBODY
    else:
        principal = await _caller(needed, token, address_of(request), now)
    await let_in(request, needed, principal, now)


def address_of(request: Request) -> str:
    """Return the address of whoever is connected."""
    return request.client.host if request.client else ""


async def _caller(needed: Collaborators, token: str | None, address: str, now: datetime) -> Principal:
    """Return whose token this is. Raises as above, and TooMany where too many wrong ones come from an address.

    That is judged before the token is, and not of one that was right before: it must not wait for those beside it.
    """
    guesses = needed.api_guesses
    if token is None or guesses.is_known(token):
        return await known_by(needed, token, now)
    guesses.count(address, now)
    is_guess = False
    try:
        principal = await known_by(needed, token, now)
    except InvalidToken:
        is_guess = True
        raise
    finally:  # a token that has expired was no guess, nor is one while the database is away
        if not is_guess:
            guesses.forgive(address, now)
    guesses.keep_in_mind(token)
    return principal


async def known_by(needed: Collaborators, token: str | None, now: datetime) -> Principal:
    """Return whose token this is. Raises InvalidToken and TokenExpired."""
    if token is None:
        raise InvalidToken(NO_TOKEN)
    if needed.admin_token is not None and secrets.compare_digest(token.encode(), needed.admin_token.encode()):
        return BOOTSTRAP
    if not is_secret(token):  # what cannot be one costs no question to the database
        raise InvalidToken(WRONG_TOKEN)

    def ask() -> Principal:
        with transaction(needed.sessions) as session:
            return token_table.principal_of(session, token, now)

    async with needed.turns:
        return await run_in_threadpool(ask)


async def let_in(request: Request, needed: Collaborators, principal: Principal, now: datetime) -> None:
    """Hold somebody to the table and to his projects, and have the request act on his behalf. Raises as above."""
    role = needed_by(request).role
    if role is None or not principal.role.includes(role):
        raise Forbidden(refusal(principal.role, role))
    request.state.asking = Asking(principal=principal, address=address_of(request), at=now)
    experiment_id = request.path_params.get("experiment_id")
    if experiment_id is not None and principal.projects is not None:
        await _look_for(needed, request.state.asking, experiment_id)


def refusal(held: Role, role: Role | None) -> str:
    return f"this needs the role {role}, and yours is {held}; an admin makes tokens with `podium tokens create`"


async def _look_for(needed: Collaborators, asking: Asking, experiment_id: str) -> None:
    """Raise ExperimentNotFound for an experiment that an asker does not see, before any route looks at it."""

    def ask() -> None:
        with transaction(needed.sessions) as session:
            attach(session, asking)
            experiment(session, experiment_id)

    async with needed.turns:
        await run_in_threadpool(ask)


async def asking(request: Request) -> Asking:
    """Return on whose behalf a request is that was let in."""
    found = request.state.asking
    assert isinstance(found, Asking)
    return found


Asker = Annotated[Asking, Depends(asking)]
