"""What `PodiumClient` asks about webhooks, in a file of its own."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel

from podium.webhooks import Delivery, NewWebhook, Webhook, WebhookRequest
from podium.wire import Page

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")


class Asking(Protocol):
    """A client that sends requests and reads answers."""

    def _get(self, path: str) -> httpx2.Response: ...
    def _post(self, path: str) -> httpx2.Response: ...
    def _send(self, request: httpx2.Request) -> httpx2.Response: ...
    def _json(self, method: str, path: str, body: str) -> httpx2.Request: ...
    def _read(self, response: httpx2.Response, model: type[Model]) -> Model: ...
    def _pages(self, path: str, page: type[Page[Item]], params: dict[str, Any]) -> Iterator[Item]: ...


class WebhookMethods:
    """Every method raises PodiumError."""

    def create_webhook(self: Asking, wanted: WebhookRequest) -> NewWebhook:
        """Have notices sent to an address. What comes back holds the secret, this once."""
        return self._read(self._send(self._json("POST", "/webhooks", wanted.model_dump_json())), NewWebhook)

    def webhooks(self: Asking) -> list[Webhook]:
        return self._read(self._get("/webhooks"), Page[Webhook]).items

    def delete_webhook(self: Asking, webhook: str) -> None:
        """Send it nothing more."""
        self._send(self._json("DELETE", _path(webhook), ""))

    def deliveries(self: Asking, webhook: str, *, newest: int = 50) -> list[Delivery]:
        """Return what became of the newest notices, the last one first."""
        return list(islice(self._pages(f"{_path(webhook)}/deliveries", Page[Delivery], {}), newest))

    def try_webhook(self: Asking, webhook: str) -> Delivery:
        """Have a notice of nothing sent."""
        return self._read(self._post(f"{_path(webhook)}/try"), Delivery)

    def deliver_again(self: Asking, webhook: str, delivery: int) -> Delivery:
        """Have a notice sent once more, now."""
        return self._read(self._post(f"{_path(webhook)}/deliveries/{delivery}/again"), Delivery)


def _path(webhook: str) -> str:
    return f"/webhooks/{quote(webhook, safe='')}"
