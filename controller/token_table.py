"""The API's tokens as rows: made, found by what was sent, listed and revoked. Their secrets are never stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.access_tables import TokenRow
from controller.errors import InvalidRequest, InvalidToken, NameTaken, TokenExpired, TokenNotFound
from controller.principal import Principal
from controller.secret_words import digest_of, is_secret
from controller.tables import ProjectRow
from podium.access import Role, Token, TokenOrder
from podium.fault import Fault

USED_AGAIN = timedelta(minutes=1)
"""So seldom is it noted that a token is in use: a poll a second would be a write a second."""
NO_TOKEN = "send the API's token as `Authorization: Bearer ...`; the command line takes PODIUM_TOKEN, or `podium login`"
WRONG_TOKEN = "this token opens nothing here: it was never made, or it was revoked; `podium tokens create` makes others"
"""The same of both: a guess learns nothing."""


def make(session: Session, order: TokenOrder, secret: str, *, by: str, now: datetime) -> TokenRow:
    """Store a token whose secret was made. Raises InvalidRequest with every fault, and NameTaken."""
    if faults := _faults(session, order, now):
        raise InvalidRequest("no such token can be made", faults)
    made = insert(TokenRow).values(
        name=order.name,
        role=order.role,
        digest=digest_of(secret),
        projects=sorted(set(order.projects)) if order.projects is not None else None,
        created_at=now,
        created_by=by,
        expires_at=order.expires_at,
    )
    row: TokenRow | None = session.scalar(made.on_conflict_do_nothing().returning(TokenRow))
    if row is None:
        raise NameTaken(f"a token is named {order.name!r} already; revoke it first, or take another name")
    return row


def _faults(session: Session, order: TokenOrder, now: datetime) -> list[Fault]:
    faults = []
    if order.expires_at is not None and order.expires_at <= now:
        faults.append(Fault(path="expires_at", found=order.expires_at.isoformat(), allowed="a moment to come"))
    if order.projects is None:
        return faults
    if order.role is Role.ADMIN:  # it could make itself one without a limit
        faults.append(Fault(path="projects", found=order.projects, allowed="nothing: an admin's token has no limits"))
    known = set(session.scalars(select(ProjectRow.name).where(ProjectRow.name.in_(order.projects))))
    faults += [
        Fault(path=f"projects[{place}]", found=each, allowed="the name of a project; `podium projects list` has them")
        for place, each in enumerate(order.projects)
        if each not in known
    ]
    return faults


def principal_of(session: Session, secret: str, now: datetime) -> Principal:
    """Return whose token this is, and note that it is in use. Raises InvalidToken and TokenExpired."""
    if not is_secret(secret):
        raise InvalidToken(WRONG_TOKEN)
    return _in_use(session.scalar(select(TokenRow).where(TokenRow.digest == digest_of(secret))), now)


def principal_of_id(session: Session, token_id: int, now: datetime) -> Principal:
    """Return whom a visit belongs to that began with this token. Raises InvalidToken and TokenExpired."""
    return _in_use(session.get(TokenRow, token_id), now)


def _in_use(row: TokenRow | None, now: datetime) -> Principal:
    if row is None or row.revoked_at is not None:
        raise InvalidToken(WRONG_TOKEN)
    if row.expires_at is not None and row.expires_at <= now:
        raise TokenExpired(f"the token {row.name!r} has expired; an admin makes another with `podium tokens create`")
    if row.last_used_at is None or now - row.last_used_at >= USED_AGAIN:
        row.last_used_at = now
    return Principal(
        name=row.name,
        role=row.role,
        source="token",
        projects=None if row.projects is None else frozenset(row.projects),
        token_id=row.id,
        expires_at=row.expires_at,
    )


def tokens(session: Session, *, after: int, limit: int) -> Sequence[TokenRow]:
    """Return tokens in the order in which they were made, those revoked included."""
    return session.scalars(select(TokenRow).where(TokenRow.id > after).order_by(TokenRow.id).limit(limit)).all()


def revoke(session: Session, token_id: int, now: datetime) -> TokenRow | None:
    """Close a token for good; return it, or None where it was closed before. Raises TokenNotFound."""
    row = session.get(TokenRow, token_id, with_for_update=True)
    if row is None:
        raise TokenNotFound(f"no token {token_id}; `podium tokens list` lists them")
    if row.revoked_at is not None:
        return None
    row.revoked_at = now
    return row


def told(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        role=row.role,
        projects=row.projects,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
