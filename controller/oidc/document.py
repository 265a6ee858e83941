"""How an issuer describes itself: OpenID Connect Discovery 1.0, of which Podium needs a few lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from controller.oidc.refusals import IssuerAway
from podium.loopback import is_loopback

SCOPES = ("openid", "profile", "email")
GROUPS = "groups"
"""The scope that Dex, Okta and others want for the claim; still others refuse whom asks for a scope they have not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    scopes: tuple[str, ...]
    """To ask for, unless the settings say so."""
    takes_basic: bool
    """Whether a client says who it is in a header; if not, in the form."""


def document_of(told: Mapping[str, Any], issuer: str) -> Document:  # Any: a JSON document
    """Read a description. Raises IssuerAway for one of another issuer, and for one that lacks what is needed."""
    if told.get("issuer") != issuer:
        raise IssuerAway(
            f"what answers at {issuer} calls itself {told.get('issuer')!r}; "
            "PODIUM_OIDC_ISSUER is to be that, to the letter, or another issuer"
        )
    userinfo = told.get("userinfo_endpoint")
    methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Document(
        authorization_endpoint=_address(told, "authorization_endpoint", issuer),
        token_endpoint=_address(told, "token_endpoint", issuer),
        jwks_uri=_address(told, "jwks_uri", issuer),
        userinfo_endpoint=_address(told, "userinfo_endpoint", issuer) if userinfo else None,
        scopes=(*SCOPES, GROUPS) if GROUPS in _listed(told.get("scopes_supported")) else SCOPES,
        takes_basic="client_secret_basic" in _listed(methods) or "client_secret_post" not in _listed(methods),
    )


def is_safe(url: str) -> bool:
    """Say whether nobody on the way can read or change what is sent there: https, or this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _address(told: Mapping[str, Any], name: str, issuer: str) -> str:
    address = told.get(name)
    if not isinstance(address, str) or not is_safe(address):
        raise IssuerAway(f"the description of {issuer} has no {name} with https; tell who runs it")
    return address


def _listed(told: object) -> list[object]:
    return told if isinstance(told, list) else []
