"""A sign-in under way: what must come back from the issuer to the browser that set out, and within ten minutes.

The browser keeps a cookie with the state, signed; the issuer gets the state in the address. The nonce and the verifier
of PKCE are made from the state with a key that only Podium has: whoever reads the cookie or an address learns neither.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt
from jwt.types import Options

ALGORITHM = "HS256"
AUDIENCE = "podium-sign-in"
"""Neither that of run tokens nor that of visits."""
LIFETIME = timedelta(minutes=10)
BYTES = 32
MOST_LETTERS = 1000
"""Of the page to return to: browsers drop a cookie of more than 4096 bytes."""
# expiry is judged by our clock, not the library's
OPTIONS: Options = {"require": ["exp", "aud", "state", "next"], "verify_exp": False, "verify_iat": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    state: str
    next: str
    """The page of ours to return to."""
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    def is_answered_by(self, state: str) -> bool:
        """Say whether an answer of the issuer's is to this attempt."""
        return hmac.compare_digest(self.state.encode(), state.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    key: str = field(repr=False)
    """Signs cookies; at least 32 bytes."""

    def begin(self, wanted: str) -> Attempt:
        """Return a new attempt, of chance."""
        return self._attempt(secrets.token_urlsafe(BYTES), wanted if len(wanted) <= MOST_LETTERS else "/")

    def cookie(self, attempt: Attempt, now: datetime) -> str:
        claims = {"aud": AUDIENCE, "exp": now + LIFETIME, "state": attempt.state, "next": attempt.next}
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def read(self, cookie: str, now: datetime) -> Attempt | None:
        """Return the attempt of a cookie that is ours and has not expired; None for any other."""
        try:
            claims = jwt.decode(cookie, self.key, algorithms=[ALGORITHM], audience=AUDIENCE, options=OPTIONS)
        except jwt.InvalidTokenError:
            return None
        return self._attempt(claims["state"], claims["next"]) if claims["exp"] > now.timestamp() else None

    def _attempt(self, state: str, wanted: str) -> Attempt:
        return Attempt(
            state=state, next=wanted, nonce=self._made("nonce", state), verifier=self._made("verifier", state)
        )

    def _made(self, purpose: str, state: str) -> str:
        """Return 43 letters, as RFC 7636 wants of a verifier at least."""
        digest = hmac.new(self.key.encode(), f"{AUDIENCE} {purpose} {state}".encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
