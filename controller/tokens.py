"""Run tokens: signed, expiring, good for one attempt and nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from jwt.types import Options

from controller.errors import InvalidToken, TokenExpired

ALGORITHM = "HS256"
AUDIENCE = "podium-run"
# expiry is judged by our clock, not the library's
OPTIONS: Options = {
    "require": ["sub", "exp", "aud"],
    "verify_exp": False,
    "verify_iat": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSigner:
    key: str
    lifetime: timedelta

    def sign(self, job: str, now: datetime) -> str:
        """Return the token of the attempt that this Job runs."""
        claims = {"sub": job, "aud": AUDIENCE, "iat": now, "exp": now + self.lifetime}
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def job_of(self, token: str, now: datetime) -> str:
        """Return the Job whose attempt the token belongs to. Raises InvalidToken or TokenExpired."""
        try:
            claims = jwt.decode(token, self.key, algorithms=[ALGORITHM], audience=AUDIENCE, options=OPTIONS)
        except jwt.InvalidTokenError:
            raise InvalidToken(
                "this is no run token of this controller; workers get theirs in PODIUM_RUN_TOKEN"
            ) from None
        if claims["exp"] <= now.timestamp():
            raise TokenExpired("this run token has expired; the attempt will be started again")
        return str(claims["sub"])

    def is_run_token(self, token: str) -> bool:
        """Say whether this controller signed it for a run, expired or not."""
        try:
            jwt.decode(token, self.key, algorithms=[ALGORITHM], audience=AUDIENCE, options=OPTIONS)
        except jwt.InvalidTokenError:
            return False
        return True
