"""The only module that talks to an issuer: its description, its keys, and what it says of who came back from it.

Neither is asked for before somebody signs in: the controller starts while the issuer is away.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
from anyio import Lock
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from controller.oidc.attempt import Attempt
from controller.oidc.document import Document, document_of
from controller.oidc.id_token import Expected, UnknownKey, claims_of
from controller.oidc.options import OidcOptions
from controller.oidc.person import Person, person_of
from controller.oidc.refusals import IssuerAway, NotBelieved
from controller.settings import BadSettings
from podium.loopback import is_loopback

WELL_KNOWN = "/.well-known/openid-configuration"
TIMEOUT_SECONDS = 10.0
GOOD_FOR = timedelta(hours=1)
"""So long a description is believed; keys until one is wanted that is not among them."""
AWAY_FOR = timedelta(seconds=5)
"""So long it is not asked again that did not answer: people press a button that does not work again and again."""

Json = dict[str, Any]  # Any: a JSON document


@dataclass(kw_only=True)
class Issuer:
    options: OidcOptions
    trust: ssl.SSLContext
    """Whose certificates are believed."""
    _document: tuple[datetime, Document] | None = field(default=None, init=False, repr=False)
    _keys: KeySet | None = field(default=None, init=False, repr=False)
    _failed: tuple[datetime, str] | None = field(default=None, init=False, repr=False)
    _one_asks: Lock = field(default_factory=Lock, init=False, repr=False)

    async def address(self, attempt: Attempt, now: datetime) -> str:
        """Return where a browser is to go to sign in. Raises IssuerAway."""
        document = await self._described(now)
        async with self._client(document) as client:
            address, _ = client.create_authorization_url(
                document.authorization_endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(address)

    async def person(self, code: str, attempt: Attempt, now: datetime) -> Person:
        """Return who came back from the issuer with a code. Raises IssuerAway and NotBelieved."""
        document = await self._described(now)
        async with self._client(document) as client:
            with self._asking():
                token = await client.fetch_token(
                    document.token_endpoint,
                    code=code,
                    code_verifier=attempt.verifier,
                    grant_type="authorization_code",
                )
            claims = await self._believed(document, token, attempt, now)
            if self.options.groups_claim not in claims and document.userinfo_endpoint is not None:
                claims = await self._more_of(claims, client, document.userinfo_endpoint)
        return person_of(claims, self.options.groups_claim)

    async def _believed(self, document: Document, token: Json, attempt: Attempt, now: datetime) -> Json:
        """Check an ID token with the keys that are known, and where none of them fits with those of this moment."""
        expected = Expected(
            issuer=self.options.issuer,
            client_id=self.options.client_id,
            nonce=attempt.nonce,
            access_token=str(token.get("access_token", "")),
        )
        id_token = str(token.get("id_token", ""))
        if self._keys is not None:
            try:
                return claims_of(id_token, self._keys, expected, now)
            except UnknownKey:
                pass
        self._keys = await self._asked_for_keys(document)
        return claims_of(id_token, self._keys, expected, now)

    async def _more_of(self, claims: Json, client: AsyncOAuth2Client, userinfo: str) -> Json:
        """Add what an issuer tells only when asked, of this very subject."""
        with self._asking():
            answer = await client.get(userinfo)
            answer.raise_for_status()
            told = answer.json()
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise NotBelieved(f"{self.options.name} told of somebody else than who signed in; sign in again")
        return told | claims

    async def _described(self, now: datetime) -> Document:
        """Return its description, for which one at a time asks, however many wait."""
        async with self._one_asks:
            if self._document is not None and now - self._document[0] < GOOD_FOR:
                return self._document[1]
            if self._failed is not None and now - self._failed[0] < AWAY_FOR:
                raise IssuerAway(self._failed[1])
            try:
                told = await self._asked(self.options.issuer.rstrip("/") + WELL_KNOWN)
                self._document = (now, document_of(told, self.options.issuer))
            except IssuerAway as away:
                self._failed = (now, away.detail)
                raise
            return self._document[1]

    async def _asked_for_keys(self, document: Document) -> KeySet:
        told = await self._asked(document.jwks_uri)
        try:
            return KeySet.import_key_set(told)  # type: ignore[arg-type]  # it checks what it is given
        except (JoseError, KeyError, TypeError, ValueError):
            raise IssuerAway(f"the keys of {self.options.name} cannot be read; tell who runs it") from None

    async def _asked(self, url: str) -> Json:
        with self._asking():
            async with httpx2.AsyncClient(**self._means) as http:
                answer = await http.get(url)
            answer.raise_for_status()
            told = answer.json()
        if not isinstance(told, dict):
            raise IssuerAway(f"{url} does not answer as an issuer does; check PODIUM_OIDC_ISSUER")
        return told

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Tell what goes wrong with an issuer in words, and of what was sent to it nothing."""
        try:
            yield
        except OAuthError as error:
            raise NotBelieved(f"{self.options.name} refused: {_word(error.error)}; sign in again") from None
        except httpx2.HTTPStatusError as error:
            raise IssuerAway(self._away(f"HTTP {error.response.status_code}")) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise IssuerAway(self._away(str(error) or type(error).__name__)) from None
        except ValueError:  # no JSON
            raise IssuerAway(self._away("not with JSON")) from None

    def _away(self, why: str) -> str:
        return f"{self.options.name} does not answer as it should ({why}); try again soon, or sign in with a token"

    def _client(self, document: Document) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=self.options.client_id,
            client_secret=self.options.client_secret,
            token_endpoint_auth_method=_method(self.options, document),
            scope=" ".join(self.options.scopes or document.scopes),
            redirect_uri=self.options.redirect_uri,
            code_challenge_method="S256",
            **self._means,
        )

    @property
    def _means(self) -> Json:
        """How it is asked: no proxy of the environment's leads to this very machine."""
        is_elsewhere = not is_loopback(urlsplit(self.options.issuer).hostname or "")
        return {"verify": self.trust, "timeout": TIMEOUT_SECONDS, "trust_env": is_elsewhere}


def trust_of(options: OidcOptions) -> ssl.SSLContext:
    """Return whose certificates are believed. Raises BadSettings for a file that holds none."""
    if options.ca_file is None:
        return httpx2.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadSettings(f"PODIUM_OIDC_CA_FILE: {options.ca_file}: {error}; name certificates in PEM") from None


def _method(options: OidcOptions, document: Document) -> str:
    if options.client_secret is None:
        return "none"
    return "client_secret_basic" if document.takes_basic else "client_secret_post"


def _word(error: str | None) -> str:
    """Return an error's code as RFC 6749 has them, and of another nothing: what stands there is not ours."""
    return error if error is not None and error.isascii() and error.isprintable() and len(error) <= 100 else "an error"
