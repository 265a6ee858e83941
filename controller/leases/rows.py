"""What is offered, and to whom it was given."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from controller.tables import AttemptRow, Table


class LeaseRow(Table):
    """The Job of an attempt that is trained elsewhere."""

    __tablename__ = "leases"

    job: Mapped[str] = mapped_column(ForeignKey("attempts.job", ondelete="CASCADE"), primary_key=True)
    offered_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    """None while nobody has asked for it."""
    seconds: Mapped[float | None]
    """How long its holder may be silent."""
    holder: Mapped[str]
    exit_code: Mapped[int | None]
    """Set when its holder gave it up."""
    last_words: Mapped[str]

    attempt: Mapped[AttemptRow] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (Index("ix_leases_offered", "offered_at", postgresql_where=text("taken_at IS NULL")),)
