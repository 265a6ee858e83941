"""The tables of who may enter, and of who changed what. Rows of both stay: a name in the trail is to be explained."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from controller.tables import Json, Table
from podium.access import Role


class TokenRow(Table):
    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    role: Mapped[Role]
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the secret."""
    projects: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index("uq_tokens_name_in_use", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),)


class AuditRow(Table):
    """A change, and who made it. Written in the change's own transaction: there is neither without the other."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    source: Mapped[str]
    token_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    experiment_id: Mapped[str | None]
    """No foreign key: it outlives its experiment."""
    project: Mapped[str | None]
    old: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    new: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (Index(None, "experiment_id", "id"),)
