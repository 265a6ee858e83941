"""What Podium tells an address of yours when an experiment changes, and how you know that Podium says it.

    from podium.webhooks import verify

    notice = verify(secret, request.headers, request.body)  # raises ForgedNotice
    if notice.type is Happening.COMPLETED: ...

Headers and signature are those of Standard Webhooks 1.0 (standardwebhooks.com), for which every language has a library.
"""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from podium.contract import Contract
from podium.taxonomy import ExperimentState

ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"
SECRET_PREFIX = "whsec_"
TOLERANCE_SECONDS = 300.0
"""A notice that is older, or from further in the future, is taken for one that was recorded and sent again."""


class Happening(StrEnum):
    """What may happen to an experiment. Later versions may add to it."""

    CREATED = "experiment.created"
    CHANGED = "experiment.changed"
    """Its budget or parallelism."""
    IMPROVED = "experiment.improved"
    """A trial that was trained in full is the best of all now."""
    PAUSED = "experiment.paused"
    """By a user, or because something is wrong: the message says what."""
    RESUMED = "experiment.resumed"
    COMPLETED = "experiment.completed"
    STOPPED = "experiment.stopped"
    DELETED = "experiment.deleted"
    TRIED = "webhook.tried"
    """Nothing: a user wants to see whether notices arrive."""


class Told(Contract):
    """Of an experiment, as it stood when it happened. None of it where only the webhook is tried."""

    experiment: str | None = None
    name: str | None = None
    state: ExperimentState | None = None
    message: str = ""
    metric: str | None = None
    """The objective."""
    best_trial: int | None = None
    best_value: float | None = None


class Notice(Contract):
    """The body of what is sent."""

    type: Happening
    timestamp: AwareDatetime
    """When it happened. When it was sent, which may be later, is in the header."""
    data: Told


class ForgedNotice(ValueError):
    """What arrived is not from whom holds the secret, or is not new; the message says which."""


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Notice:
    """Return what was sent. `headers` may be of any case, `now` is in seconds since 1970. Raises ForgedNotice.

    One notice may come more than once, always with the same `webhook-id`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        identity, moment, signatures = (given[name] for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER))
        seconds = int(moment)
    except KeyError as missing:
        raise ForgedNotice(f"there is no header {missing}") from None
    except ValueError:
        raise ForgedNotice(f"{TIMESTAMP_HEADER} is no number of seconds") from None
    if abs((time.time() if now is None else now) - seconds) > TOLERANCE_SECONDS:
        raise ForgedNotice(f"{TIMESTAMP_HEADER} is more than {TOLERANCE_SECONDS:.0f} s away; is the clock right?")
    wanted = signature(secret, identity, seconds, body)
    if not any(hmac.compare_digest(wanted.encode(), each.encode()) for each in signatures.split(" ")):
        raise ForgedNotice(f"{SIGNATURE_HEADER} was not made with this secret, or the body has changed")
    try:
        return Notice.model_validate_json(body)
    except ValidationError as error:
        raise ForgedNotice(f"the body is no notice that this version knows: {error}") from None


def signature(secret: str, identity: str, seconds: int, body: bytes) -> str:
    """Return `v1,` and the base64 of HMAC-SHA256 over identity, seconds and body. Raises ForgedNotice for no secret."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ForgedNotice(f"the secret is none: it starts with {SECRET_PREFIX} and goes on in base64") from None
    signed = b".".join((identity.encode(), str(seconds).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _address(text: str) -> str:
    if re.fullmatch(r"https?://[^\s/?#@]+([/?][^\s#]*)?", text) is None:
        raise ValueError("an address that starts with https:// or http://, without a user, a password or a fragment")
    return text


Address = Annotated[str, Field(max_length=2000), AfterValidator(_address)]


class WebhookRequest(Contract):
    """Where to send notices, and of what."""

    url: Annotated[Address, Field(examples=["https://chat.example.org/hooks/podium"])]
    happenings: Annotated[list[Happening], Field(max_length=len(Happening))] = Field(default_factory=list)
    """All where none is named."""
    name: Annotated[str, Field(max_length=100)] | None = None
    """Of the experiments that it is about; None for all."""


class Webhook(WebhookRequest):
    id: str
    created_at: AwareDatetime
    stopped_at: AwareDatetime | None = None
    """Since when nothing is sent any more, because the address said that it is gone."""


class NewWebhook(Webhook):
    secret: str
    """That its notices are signed with. It is told this once."""


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given up"


class Delivery(Contract):
    """What became of one notice to one address."""

    id: int
    message: str
    """The `webhook-id` that it is sent with, each time."""
    type: Happening
    experiment: str | None
    state: DeliveryState
    attempts: int
    status: int | None
    """That the address answered with last; None where it gave no answer."""
    detail: str
    """One sentence: how the last attempt went, and what follows."""
    created_at: AwareDatetime
    next_attempt_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
