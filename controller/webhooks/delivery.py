"""The sending of notices, beside the reconciler: addresses may be slow, and one that is must not hold up another.

At least once: a controller that is killed after an answer and before it is written down sends the notice again.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
import structlog

from controller.beside import Chore
from controller.database import Sessions, transaction
from controller.webhooks import outbox
from controller.webhooks.schedule import Answer, after
from controller.webhooks.signing import headers_of, secret_of

BATCH = 200
ADDRESSES_AT_ONCE = 8
TIMEOUT_SECONDS = 10.0
BETWEEN_LOOKS_SECONDS = 5.0
AFTER_FAULT_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice on its way."""

    delivery_id: int
    webhook_id: str
    url: str
    message: str
    body: bytes
    attempts: int


Send = Callable[[str, Mapping[str, str], bytes], Answer]
"""Send a body with headers to an address."""


def send_over(http: httpx2.Client) -> Send:
    """Return how to send over HTTP. What the address says beside its status is not read: it may be long, or a trap."""

    def send(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            with http.stream("POST", url, headers=dict(headers), content=body) as response:
                return Answer(status=response.status_code, retry_after=_retry_after(response.headers))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return Answer(status=None, trouble=f"no answer: {error or type(error).__name__}")

    return send


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    said = headers.get("retry-after", "")
    return timedelta(seconds=min(int(said), 86_400)) if said.isascii() and said.isdigit() and len(said) < 9 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    sessions: Sessions
    send: Send
    key: str
    """That secrets are derived from."""
    clock: Callable[[], datetime]
    stopping: threading.Event

    def chore(self, is_leading: Callable[[], bool]) -> Chore:
        """Return how to deliver beside the reconciler: what failed is due again some time, and nobody wakes us then."""
        return Chore(
            name="deliver",
            look=self._deliver_all,
            is_leading=is_leading,
            longest_pause_seconds=BETWEEN_LOOKS_SECONDS,
            after_fault_seconds=AFTER_FAULT_SECONDS,
        )

    def _deliver_all(self) -> float:
        while self.deliver() and not self.stopping.is_set():
            pass
        return 0.0

    def deliver(self) -> bool:
        """Send what is due, or the first of it; say whether there may be more. Raises DatabaseAway."""
        now = self.clock()
        with transaction(self.sessions) as session:
            rows = outbox.due(session, now, BATCH)
            letters = [
                Letter(
                    delivery_id=row.id,
                    webhook_id=row.webhook_id,
                    url=row.webhook.url,
                    message=row.message,
                    body=row.body.encode(),
                    attempts=row.attempts,
                )
                for row in rows
            ]
            if not letters:
                outbox.forget_old(session, now)
        with ThreadPoolExecutor(ADDRESSES_AT_ONCE, thread_name_prefix="webhook") as senders:
            list(senders.map(self._send_all, _by_webhook(letters)))
        return len(letters) == BATCH

    def _send_all(self, letters: Sequence[Letter]) -> None:
        """Send in order what is for one address, until an attempt fails: what follows waits for a better time."""
        for letter in letters:
            if self.stopping.is_set() or not self._send_one(letter):
                return

    def _send_one(self, letter: Letter) -> bool:
        headers = headers_of(secret_of(self.key, letter.webhook_id), letter.message, letter.body, self.clock())
        answer = self.send(letter.url, headers, letter.body)
        now = self.clock()
        following = after(answer, letter.attempts + 1, now)
        with transaction(self.sessions) as session:
            outbox.note(session, letter.delivery_id, answer.status, following, now)
        log.info("notice sent", webhook=letter.webhook_id, message=letter.message, detail=following.detail)
        return following.is_delivered


def _by_webhook(letters: Iterable[Letter]) -> Sequence[Sequence[Letter]]:
    found: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        found[letter.webhook_id].append(letter)
    return list(found.values())
