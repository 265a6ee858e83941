"""The cookie of a person who signed in: signed, expiring, and not the token that opened the door.

It says how he signed in, and what he may do is looked up with each request: a token that is revoked ends its visits at
once, and another PODIUM_ADMIN_TOKEN ends those of the one before.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from jwt.types import Options

from controller.principal import Principal

ALGORITHM = "HS256"
AUDIENCE = "podium-dashboard"
"""Not that of run tokens: neither is good in the other's place."""
LIFETIME = timedelta(hours=24)
# expiry is judged by our clock, not the library's
OPTIONS: Options = {"require": ["exp", "aud", "source"], "verify_exp": False, "verify_iat": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How somebody signed in: with the token of this id, or with PODIUM_ADMIN_TOKEN."""

    token_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    key: str
    """Signs cookies; at least 32 bytes."""
    admin_token: str

    def begin(self, principal: Principal, now: datetime) -> str:
        """Return the cookie of a visit that begins now."""
        claims = {"aud": AUDIENCE, "iat": now, "exp": now + LIFETIME, "source": principal.source}
        if principal.token_id is None:
            return self._signed(claims | {"token": self._fingerprint()})
        return self._signed(claims | {"id": principal.token_id})

    def read(self, cookie: str, now: datetime) -> Visit | None:
        """Return the visit of a cookie that is ours and has not expired; None for any other."""
        try:
            claims = jwt.decode(cookie, self.key, algorithms=[ALGORITHM], audience=AUDIENCE, options=OPTIONS)
        except jwt.InvalidTokenError:
            return None
        if claims["exp"] <= now.timestamp():
            return None
        match claims:
            case {"source": "token", "id": int(token_id)}:
                return Visit(token_id=token_id)
            case {"source": "bootstrap", "token": str(token)} if hmac.compare_digest(token, self._fingerprint()):
                return Visit(token_id=None)
            case _:
                return None

    def _signed(self, claims: dict[str, object]) -> str:
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def _fingerprint(self) -> str:
        return hmac.new(self.key.encode(), self.admin_token.encode(), hashlib.sha256).hexdigest()
