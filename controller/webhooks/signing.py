"""Secrets of webhooks. None is stored: each is derived from the key that signs run tokens, which no database holds."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from podium.webhooks import ID_HEADER, SECRET_PREFIX, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature


def secret_of(key: str, webhook_id: str) -> str:
    """Return the secret of a webhook. A new key is a new secret for each."""
    derived = hmac.digest(key.encode(), f"podium webhook {webhook_id}".encode(), hashlib.sha256)
    return SECRET_PREFIX + base64.b64encode(derived).decode()


def headers_of(secret: str, message: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """Return what a notice is sent with. Each attempt is signed anew: it says when it was sent."""
    seconds = int(now.timestamp())
    return {
        "content-type": "application/json",
        "user-agent": "podium-webhooks",
        ID_HEADER: message,
        TIMESTAMP_HEADER: str(seconds),
        SIGNATURE_HEADER: signature(secret, message, seconds, body),
    }
