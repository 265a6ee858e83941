"""What is to be sent, written in the transaction that makes it true, and all else that is asked of these rows."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from controller import store
from controller.database import wake_reconciler
from controller.errors import NoTrialYet, TooManyWebhooks, WebhookNotFound
from controller.tables import ExperimentRow, TrialRow
from controller.webhooks.rows import DeliveryRow, WebhookRow
from controller.webhooks.schedule import Next
from podium.webhooks import Delivery, DeliveryState, Happening, Notice, Told, Webhook, WebhookRequest

MOST_WEBHOOKS = 50
"""Each is looked at whenever something happens."""
KEPT = timedelta(days=30)


def announce(session: Session, experiment: ExperimentRow, happening: Happening, now: datetime) -> None:
    """Put a notice of what happened into the outbox, for each webhook that wants it."""
    wanting = [each for each in _awake(session) if _wants(each, experiment, happening)]
    if not wanting:
        return
    session.flush()
    best = _best(session, experiment)
    told = Told(
        experiment=experiment.id,
        name=experiment.name,
        state=experiment.state,
        message=experiment.message,
        metric=experiment.spec["objective"]["metric"],
        best_trial=None if best is None else best.number,
        best_value=None if best is None else best.value,
    )
    notice = Notice(type=happening, timestamp=now, data=told)
    for webhook in wanting:
        _put(session, webhook, notice)
    wake_reconciler(session)


def announce_if_best(session: Session, experiment: ExperimentRow, number: int, now: datetime) -> None:
    """The same, for a trial that was trained in full just now, where it is the best of all."""
    if not any(_wants(each, experiment, Happening.IMPROVED) for each in _awake(session)):
        return
    session.flush()
    best = _best(session, experiment)
    if best is not None and best.number == number:
        announce(session, experiment, Happening.IMPROVED, now)


def try_out(session: Session, webhook_id: str, now: datetime) -> Delivery:
    """Put a notice of nothing into the outbox. Raises WebhookNotFound."""
    row = webhook(session, webhook_id)
    delivery = _put(session, row, Notice(type=Happening.TRIED, timestamp=now, data=Told(message="it works")))
    session.flush()
    wake_reconciler(session)
    return told_delivery(delivery)


def send_again(session: Session, webhook_id: str, delivery_id: int, now: datetime) -> Delivery:
    """Have a notice sent at once, be it delivered or given up. Raises WebhookNotFound."""
    row = webhook(session, webhook_id)
    is_possible = 0 < delivery_id <= store.LARGEST_ID
    delivery = session.get(DeliveryRow, delivery_id, with_for_update=True) if is_possible else None
    if delivery is None or delivery.webhook_id != webhook_id:
        raise WebhookNotFound(f"webhook {webhook_id!r} has no delivery {delivery_id}; its deliveries are listed")
    delivery.attempts, delivery.next_attempt_at, delivery.delivered_at = 0, now, None
    delivery.detail = "a user wants it sent again"
    row.rests_until = None
    wake_reconciler(session)
    return told_delivery(delivery)


def add(session: Session, wanted: WebhookRequest, now: datetime) -> WebhookRow:
    """Store a webhook. Raises TooManyWebhooks."""
    if (session.scalar(select(func.count()).select_from(WebhookRow)) or 0) >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"there are {MOST_WEBHOOKS} webhooks already; delete one that nobody reads")
    row = WebhookRow(
        id=f"wh_{secrets.token_hex(8)}",
        url=wanted.url,
        happenings=[str(each) for each in wanted.happenings],
        name=wanted.name,
        rests_until=None,
        stopped_at=None,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def remove(session: Session, webhook_id: str) -> None:
    """Forget a webhook and its deliveries. Raises WebhookNotFound."""
    session.delete(webhook(session, webhook_id))


def webhook(session: Session, webhook_id: str) -> WebhookRow:
    found = session.get(WebhookRow, webhook_id)
    if found is None:
        raise WebhookNotFound(f"no webhook {webhook_id!r}; `podium webhooks list` lists them")
    return found


def webhooks(session: Session) -> Sequence[WebhookRow]:
    return session.scalars(select(WebhookRow).order_by(WebhookRow.created_at, WebhookRow.id)).all()


def deliveries(session: Session, webhook_id: str, *, before: int | None, limit: int) -> Sequence[DeliveryRow]:
    """Return the newest deliveries first, those before one of them where it is given."""
    query = select(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id).order_by(DeliveryRow.id.desc()).limit(limit)
    return session.scalars(query if before is None else query.where(DeliveryRow.id < before)).all()


def due(session: Session, now: datetime, limit: int) -> Sequence[DeliveryRow]:
    """Return what is to be sent now, the oldest first, with its webhook."""
    is_awake = WebhookRow.stopped_at.is_(None) & or_(WebhookRow.rests_until.is_(None), WebhookRow.rests_until <= now)
    query = (
        select(DeliveryRow)
        .join(DeliveryRow.webhook)
        .options(contains_eager(DeliveryRow.webhook))
        .where(DeliveryRow.next_attempt_at <= now, is_awake)
        .order_by(DeliveryRow.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def note(session: Session, delivery_id: int, status: int | None, following: Next, now: datetime) -> None:
    """Write down how an attempt went. What a user deleted meanwhile stays deleted."""
    is_possible = 0 < delivery_id <= store.LARGEST_ID
    delivery = session.get(DeliveryRow, delivery_id, with_for_update=True) if is_possible else None
    if delivery is None:
        return
    delivery.attempts += 1
    delivery.status, delivery.detail, delivery.next_attempt_at = status, following.detail, following.again_at
    delivery.delivered_at = now if following.is_delivered else None
    row = session.get_one(WebhookRow, delivery.webhook_id)
    row.rests_until = following.rests_until
    if following.is_gone:
        row.stopped_at = now


def forget_old(session: Session, now: datetime) -> None:
    """Delete what was delivered or given up long ago."""
    is_over = DeliveryRow.next_attempt_at.is_(None) & (DeliveryRow.created_at < now - KEPT)
    session.execute(delete(DeliveryRow).where(is_over))


def told(row: WebhookRow) -> Webhook:
    return Webhook(
        id=row.id,
        url=row.url,
        happenings=[Happening(each) for each in row.happenings],
        name=row.name,
        created_at=row.created_at,
        stopped_at=row.stopped_at,
    )


def told_delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        message=row.message,
        type=Happening(row.happening),
        experiment=row.experiment_id,
        state=_state_of(row),
        attempts=row.attempts,
        status=row.status,
        detail=row.detail,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        delivered_at=row.delivered_at,
    )


def _state_of(row: DeliveryRow) -> DeliveryState:
    if row.next_attempt_at is not None:
        return DeliveryState.WAITING
    return DeliveryState.GIVEN_UP if row.delivered_at is None else DeliveryState.DELIVERED


def _best(session: Session, experiment: ExperimentRow) -> TrialRow | None:
    try:
        return store.best_trial(session, experiment)
    except NoTrialYet:
        return None


def _awake(session: Session) -> Sequence[WebhookRow]:
    return session.scalars(select(WebhookRow).where(WebhookRow.stopped_at.is_(None))).all()


def _wants(webhook: WebhookRow, experiment: ExperimentRow, happening: Happening) -> bool:
    is_about_it = webhook.name is None or webhook.name == experiment.name
    return is_about_it and (not webhook.happenings or happening in webhook.happenings)


def _put(session: Session, webhook: WebhookRow, notice: Notice) -> DeliveryRow:
    delivery = DeliveryRow(
        webhook_id=webhook.id,
        message=f"msg_{secrets.token_hex(12)}",
        happening=str(notice.type),
        experiment_id=notice.data.experiment,
        body=notice.model_dump_json(exclude_none=True),
        attempts=0,
        status=None,
        detail="not sent yet",
        next_attempt_at=notice.timestamp,
        delivered_at=None,
        created_at=notice.timestamp,
    )
    session.add(delivery)
    return delivery
