"""The cookie of a person who signed in: signed, expiring, and not the token that opened the door.

It says how he signed in, and what he may do is looked up with each request: a token that is revoked ends its visits at
once, and another PODIUM_ADMIN_TOKEN ends those of the one before. Of who came from an issuer it holds the groups that
counted; what they give is for the settings of now, and another issuer ends the visits of the one before.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from jwt.types import Options

from controller.oidc.options import OidcOptions
from controller.oidc.person import Person
from controller.principal import Principal

ALGORITHM = "HS256"
AUDIENCE = "podium-dashboard"
"""Not that of run tokens: neither is good in the other's place."""
LIFETIME = timedelta(hours=24)
# expiry is judged by our clock, not the library's
OPTIONS: Options = {"require": ["exp", "aud", "source"], "verify_exp": False, "verify_iat": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenVisit:
    """Of who signed in with the token of this id, or with PODIUM_ADMIN_TOKEN."""

    token_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonVisit:
    """Of who signed in at the issuer."""

    person: Person
    ends_at: datetime


Visit = TokenVisit | PersonVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    key: str
    """Signs cookies; at least 32 bytes."""
    admin_token: str
    issuer: OidcOptions | None = None

    def begin(self, principal: Principal, now: datetime) -> str:
        """Return the cookie of a visit that begins now, with a token."""
        claims = {"aud": AUDIENCE, "iat": now, "exp": now + LIFETIME, "source": principal.source}
        if principal.token_id is None:
            return self._signed(claims | {"token": self._fingerprint(self.admin_token)})
        return self._signed(claims | {"id": principal.token_id})

    def begin_from(self, issuer: OidcOptions, person: Person, now: datetime) -> str:
        """Return the cookie of a visit that begins now, at the issuer."""
        claims = {"aud": AUDIENCE, "iat": now, "exp": now + issuer.lifetime, "source": "oidc"}
        told = {"sub": person.subject, "name": person.name, "groups": sorted(person.groups & issuer.grants.keys())}
        return self._signed(claims | told | {"issuer": self._fingerprint(issuer.identity)})

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
                return TokenVisit(token_id=token_id)
            case {"source": "bootstrap", "token": str(token)} if self._is_of(self.admin_token, token):
                return TokenVisit(token_id=None)
            case {"source": "oidc", "issuer": str(told)} if self.issuer and self._is_of(self.issuer.identity, told):
                person = Person(subject=claims["sub"], name=claims["name"], groups=frozenset(claims["groups"]))
                return PersonVisit(person=person, ends_at=datetime.fromtimestamp(claims["exp"], UTC))
            case _:
                return None

    def _signed(self, claims: dict[str, object]) -> str:
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def _is_of(self, secret: str, told: str) -> bool:
        return hmac.compare_digest(told.encode(), self._fingerprint(secret).encode())

    def _fingerprint(self, of: str) -> str:
        return hmac.new(self.key.encode(), of.encode(), hashlib.sha256).hexdigest()
