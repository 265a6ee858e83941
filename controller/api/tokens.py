"""The API's tokens: made, listed, revoked; and whom the caller is taken for."""

from typing import Annotated

from fastapi import APIRouter, Path, status

from controller import audit, token_table
from controller.api.admission import Asker
from controller.api.collaborators import Now, Transaction
from controller.api.pages import CursorText, Limit, number_after, page
from controller.secret_words import make_secret
from podium.access import NewToken, Token, TokenOrder, WhoAmI
from podium.audit import Action
from podium.wire import Page

router = APIRouter(tags=["access"])

TokenId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/whoami")
async def who_am_i(asker: Asker) -> WhoAmI:
    """Say whom the token belongs to, and what it opens."""
    found = asker.principal
    return WhoAmI(
        name=found.name,
        role=found.role,
        projects=None if found.projects is None else sorted(found.projects),
        source=found.source,
        expires_at=found.expires_at,
    )


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
def create(order: TokenOrder, session: Transaction, asker: Asker, now: Now) -> NewToken:
    """Make a token. Its secret is in this answer and nowhere else."""
    secret = make_secret()
    made = token_table.told(token_table.make(session, order, secret, by=asker.principal.name, now=now))
    shown = made.model_dump(mode="json", include={"id", "role", "projects", "expires_at"})
    audit.note(session, Action.TOKEN_CREATED, made.name, new=shown)
    return NewToken(secret=secret, token=made)


@router.get("/tokens")
def list_tokens(session: Transaction, limit: Limit = 100, cursor: CursorText = None) -> Page[Token]:
    """List tokens in the order in which they were made, those revoked included."""
    rows = token_table.tokens(session, after=number_after(cursor), limit=limit + 1)
    return page(rows, limit, key=lambda row: row.id, show=token_table.told)


@router.delete("/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke(token_id: TokenId, session: Transaction, now: Now) -> None:
    """Close a token for good, and every visit that began with it. Doing so again changes nothing."""
    row = token_table.revoke(session, token_id, now)
    if row is not None:
        audit.note(session, Action.TOKEN_REVOKED, row.name, old={"id": row.id, "role": row.role})
