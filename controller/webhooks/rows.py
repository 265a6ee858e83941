"""Addresses, and what lies in the outbox for them."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from controller.tables import Table


class WebhookRow(Table):
    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    happenings: Mapped[list[str]] = mapped_column(JSON)
    """All where it is empty."""
    name: Mapped[str | None]
    """Of the experiments that it is about; None for all."""
    rests_until: Mapped[datetime | None]
    """After a failure nothing is sent to it before then, whatever waits."""
    stopped_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class DeliveryRow(Table):
    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    message: Mapped[str]
    happening: Mapped[str]
    experiment_id: Mapped[str | None]
    body: Mapped[str]
    """As it is signed and sent, to the byte."""
    attempts: Mapped[int]
    status: Mapped[int | None]
    detail: Mapped[str]
    next_attempt_at: Mapped[datetime | None]
    """None once it is delivered or given up."""
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    webhook: Mapped[WebhookRow] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "webhook_id", "id"),
        Index("ix_webhook_deliveries_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
    )
