# Made from podium/aio/webhooks.py by `make sdk`; change it there.
"""What a client asks about webhooks."""

from urllib.parse import quote

from podium.blocking.connection import Connection
from podium.webhooks import Delivery, NewWebhook, Webhook, WebhookRequest
from podium.wire import Page


class WebhookMethods(Connection):
    """Every method raises PodiumError."""

    def create_webhook(self, wanted: WebhookRequest) -> NewWebhook:
        """Have notices sent to an address. What comes back holds the secret, this once."""
        return self._read(self._send(self._json("POST", "/webhooks", wanted.model_dump_json())), NewWebhook)

    def webhooks(self) -> list[Webhook]:
        return self._read(self._get("/webhooks"), Page[Webhook]).items

    def delete_webhook(self, webhook: str) -> None:
        """Send it nothing more."""
        self._send(self._json("DELETE", _path(webhook), ""))

    def deliveries(self, webhook: str, *, newest: int = 50) -> list[Delivery]:
        """Return what became of the newest notices, the last one first."""
        found: list[Delivery] = []
        for delivery in self._pages(f"{_path(webhook)}/deliveries", Page[Delivery], {}):
            if len(found) == newest:
                break
            found.append(delivery)
        return found

    def try_webhook(self, webhook: str) -> Delivery:
        """Have a notice of nothing sent."""
        return self._read(self._post(f"{_path(webhook)}/try"), Delivery)

    def deliver_again(self, webhook: str, delivery: int) -> Delivery:
        """Have a notice sent once more, now."""
        return self._read(self._post(f"{_path(webhook)}/deliveries/{delivery}/again"), Delivery)


def _path(webhook: str) -> str:
    return f"/webhooks/{quote(webhook, safe='')}"
