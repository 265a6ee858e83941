"""What a client asks about webhooks."""

from urllib.parse import quote

from podium.aio.connection import AsyncConnection
from podium.webhooks import Delivery, NewWebhook, Webhook, WebhookRequest
from podium.wire import Page


class AsyncWebhookMethods(AsyncConnection):
    """Every method raises PodiumError."""

    async def create_webhook(self, wanted: WebhookRequest) -> NewWebhook:
        """Have notices sent to an address. What comes back holds the secret, this once."""
        return self._read(await self._send(self._json("POST", "/webhooks", wanted.model_dump_json())), NewWebhook)

    async def webhooks(self) -> list[Webhook]:
        return self._read(await self._get("/webhooks"), Page[Webhook]).items

    async def delete_webhook(self, webhook: str) -> None:
        """Send it nothing more."""
        await self._send(self._json("DELETE", _path(webhook), ""))

    async def deliveries(self, webhook: str, *, newest: int = 50) -> list[Delivery]:
        """Return what became of the newest notices, the last one first."""
        found: list[Delivery] = []
        async for delivery in self._pages(f"{_path(webhook)}/deliveries", Page[Delivery], {}):
            if len(found) == newest:
                break
            found.append(delivery)
        return found

    async def try_webhook(self, webhook: str) -> Delivery:
        """Have a notice of nothing sent."""
        return self._read(await self._post(f"{_path(webhook)}/try"), Delivery)

    async def deliver_again(self, webhook: str, delivery: int) -> Delivery:
        """Have a notice sent once more, now."""
        return self._read(await self._post(f"{_path(webhook)}/deliveries/{delivery}/again"), Delivery)


def _path(webhook: str) -> str:
    return f"/webhooks/{quote(webhook, safe='')}"
