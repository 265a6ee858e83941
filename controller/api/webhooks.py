"""Addresses that are told what happens to experiments, and what became of each notice."""

from urllib.parse import urlsplit

from fastapi import APIRouter, status

from controller import audit
from controller.api.collaborators import Needed, Now, Transaction
from controller.api.pages import CursorText, Limit, number_after, page
from controller.webhooks import outbox
from controller.webhooks.signing import secret_of
from podium.audit import Action
from podium.webhooks import Delivery, NewWebhook, Webhook, WebhookRequest
from podium.wire import Page

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.post("", status_code=status.HTTP_201_CREATED)
def create(wanted: WebhookRequest, session: Transaction, needed: Needed, now: Now) -> NewWebhook:
    """Have notices sent to an address. The answer holds the secret that they are signed with, this once."""
    row = outbox.add(session, wanted, now)
    audit.note(session, Action.WEBHOOK_CREATED, row.id, new={"host": urlsplit(row.url).hostname})
    return NewWebhook(**outbox.told(row).model_dump(), secret=secret_of(needed.signer.key, row.id))


@router.get("")
def list_webhooks(session: Transaction) -> Page[Webhook]:
    """List all of them: there are few."""
    return Page(items=[outbox.told(row) for row in outbox.webhooks(session)])


@router.delete("/{webhook_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(webhook_id: str, session: Transaction) -> None:
    """Send it nothing more, and forget what was sent."""
    outbox.remove(session, webhook_id)
    audit.note(session, Action.WEBHOOK_DELETED, webhook_id)


@router.get("/{webhook_id}/deliveries")
def list_deliveries(
    webhook_id: str, session: Transaction, limit: Limit = 50, cursor: CursorText = None
) -> Page[Delivery]:
    """Say what became of each notice, the newest first. They are kept for 30 days."""
    outbox.webhook(session, webhook_id)
    rows = outbox.deliveries(session, webhook_id, before=number_after(cursor) or None, limit=limit + 1)
    return page(rows, limit, key=lambda row: row.id, show=outbox.told_delivery)


@router.post("/{webhook_id}/try", status_code=status.HTTP_202_ACCEPTED)
def try_out(webhook_id: str, session: Transaction, now: Now) -> Delivery:
    """Send a notice of nothing, to see whether notices arrive; its delivery says."""
    return outbox.try_out(session, webhook_id, now)


@router.post("/{webhook_id}/deliveries/{delivery}/again", status_code=status.HTTP_202_ACCEPTED)
def send_again(webhook_id: str, delivery: int, session: Transaction, now: Now) -> Delivery:
    """Send a notice once more, now, be it delivered or given up."""
    return outbox.send_again(session, webhook_id, delivery, now)
