"""Whether to believe an ID token: OpenID Connect Core 1.0, section 3.1.3.7, by authlib and joserfc."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from controller.oidc.refusals import NotBelieved

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Of key pairs alone: with HS256 whoever reads the issuer's public keys could sign, if one were taken for a secret."""
LEEWAY_SECONDS = 60
"""By which the issuer's clock may differ from ours."""
REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


class UnknownKey(NotBelieved):
    """A signature by none of the keys that are known; the issuer may have new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    issuer: str
    client_id: str
    nonce: str
    access_token: str
    """That came with it: what is known of it by its hash must fit."""


def claims_of(id_token: str, keys: KeySet, expected: Expected, now: datetime) -> dict[str, Any]:  # Any: a JSON document
    """Return what an ID token says of somebody. Raises NotBelieved, of which UnknownKey for a key that may be newer."""
    try:
        token = jwt.decode(id_token, keys, registry=REGISTRY)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
            },
            {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
    except (BadSignatureError, InvalidKeyIdError):
        raise UnknownKey(_said(expected, "no key of the issuer's has signed it")) from None
    except JoseError as error:
        raise NotBelieved(_said(expected, error.description or error.error)) from None
    except (ValueError, TypeError, KeyError):  # what is no token at all
        raise NotBelieved(_said(expected, "it cannot be read")) from None
    return dict(claims)


def _said(expected: Expected, why: str) -> str:
    return f"the ID token of {expected.issuer} is not believed: {why}; sign in again, and if that stays, tell an admin"
