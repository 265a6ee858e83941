"""The cookie of a person who signed in: signed, expiring, and not the token that opened the door.

It names no person, since there are none yet (docs/decisions/0011), but the token: who changes that signs everybody out.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from jwt.types import Options

ALGORITHM = "HS256"
AUDIENCE = "podium-dashboard"
"""Not that of run tokens: neither is good in the other's place."""
LIFETIME = timedelta(hours=24)
# expiry is judged by our clock, not the library's
OPTIONS: Options = {"require": ["exp", "aud", "token"], "verify_exp": False, "verify_iat": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    key: str
    """Signs cookies; at least 32 bytes."""
    admin_token: str

    def begin(self, now: datetime) -> str:
        """Return the cookie of a visit that begins now."""
        claims = {"aud": AUDIENCE, "iat": now, "exp": now + LIFETIME, "token": self._fingerprint()}
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def is_open(self, cookie: str, now: datetime) -> bool:
        """Say whether a cookie is ours, of the token that holds now, and has not expired."""
        try:
            claims = jwt.decode(cookie, self.key, algorithms=[ALGORITHM], audience=AUDIENCE, options=OPTIONS)
        except jwt.InvalidTokenError:
            return False
        is_current = hmac.compare_digest(str(claims["token"]), self._fingerprint())
        return is_current and claims["exp"] > now.timestamp()

    def _fingerprint(self) -> str:
        return hmac.new(self.key.encode(), self.admin_token.encode(), hashlib.sha256).hexdigest()
