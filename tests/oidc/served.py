"""What the tests of signing in at an issuer share: the provider's process, and who signs in there."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from controller.oidc.grants import Grant
from controller.oidc.issuer import Issuer
from controller.oidc.options import OidcOptions
from podium.access import Role
from tests.access.doors import MINE
from tests.service import Service
from tests.waiting import wait_for

TRUST = httpx2.create_ssl_context()
"""Made once: it costs more than all else that a sign-in does."""
CLIENT, SECRET = "podium", "the client's secret of the tests, 0123456789"
GRANTS = {
    "lookers": Grant(role=Role.VIEWER),
    "team-vision": Grant(role=Role.EDITOR, projects=frozenset({MINE})),
    "ml-platform": Grant(role=Role.ADMIN),
}


@dataclass(frozen=True, kw_only=True)
class Provider:
    url: str
    http: httpx2.Client

    def knows(self, subject: str, **claims: object) -> None:
        self._put(f"/users/{subject}", claims)

    def lies(self, **lies: object) -> None:
        """Have it do so from now on, and nothing that it did before."""
        self._put("/lies", lies)

    def changes_its_keys(self) -> None:
        self._put("/keys", {})

    def asked(self, path: str) -> list[Mapping[str, Any]]:  # Any: JSON
        """Return what it was asked at a path."""
        return [each for each in self.http.get("/asked").json() if each["path"] == path]

    def _put(self, path: str, body: Mapping[str, object]) -> None:
        self.http.put(path, json=dict(body)).raise_for_status()


@contextmanager
def provided(folder: Path, *certificate: str) -> Iterator[Provider]:
    """Run it until the block ends; with the name of a certificate, which it makes, over TLS."""
    port = folder / "port"
    command = [sys.executable, "-m", "tests.oidc.provider", str(port), CLIENT, SECRET, *certificate]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        wait_for(port.exists, "the provider serves")
        url = f"http{'s' * len(certificate)}://localhost:{port.read_text()}"
        trust = ssl.create_default_context(cafile=f"{certificate[0]}.crt") if certificate else TRUST
        with httpx2.Client(base_url=url, verify=trust) as http:
            yield Provider(url=url, http=http)
    finally:
        process.terminate()
        process.wait()


def options_of(url: str, **changes: Any) -> OidcOptions:  # Any: fields of every type
    made = OidcOptions(
        issuer=url,
        client_id=CLIENT,
        client_secret=SECRET,
        public_url="http://localhost:8080",
        grants=GRANTS,
        groups_claim="groups",
        scopes=(),
        name="the tests' issuer",
        lifetime=timedelta(hours=8),
    )
    return replace(made, **changes)


def issuer_of(options: OidcOptions) -> Issuer:
    return Issuer(options=options, trust=TRUST)


def set_out(service: Service, wanted: str = "/") -> str:
    """Press the button; return the issuer's address at which the browser is then."""
    answer = service.http.get("/sign-in/oidc", params={"next": wanted})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def sign_in_there(there: str, subject: str) -> str:
    """Be somebody at the issuer; return the address to which it sends the browser back."""
    answer = httpx2.post(there, data={"sub": subject}, verify=TRUST)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def come_back(service: Service, back: str) -> httpx2.Response:
    service.clock.now = max(service.clock.now, datetime.now(UTC))  # that of the provider, which runs on
    parts = urlsplit(back)
    return service.http.get(f"{parts.path}?{parts.query}")


def sign_in_at_the_issuer(service: Service, subject: str, wanted: str = "/") -> httpx2.Response:
    return come_back(service, sign_in_there(set_out(service, wanted), subject))
