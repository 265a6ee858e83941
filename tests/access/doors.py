"""A closed service, with somebody of each kind to knock at its doors."""

from collections.abc import Mapping
from typing import Any

from httpx2 import Response

from tests.builders import spec_document
from tests.service import API, Service

BOOTSTRAP = "the first token of the tests, 0123456789"
ADMIN = {"Authorization": f"Bearer {BOOTSTRAP}"}
HERE = {"Origin": "http://testserver"}
MINE, THEIRS = "vision", "speech"
"""Projects: where what is asked for is, and another."""


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def make_token(service: Service, name: str, role: str, **more: Any) -> str:
    """Make a token and return its secret."""
    answer = service.http.post(f"{API}/tokens", json={"name": name, "role": role, **more}, headers=ADMIN)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


def make_project(service: Service, name: str) -> None:
    answer = service.http.post(f"{API}/projects", json={"name": name}, headers=ADMIN)
    assert answer.status_code == 201, answer.text


def make_experiment(service: Service, project: str = MINE, **changes: Any) -> str:
    document = spec_document(**changes)
    answer = service.http.post(f"{API}/experiments", params={"project": project}, json=document, headers=ADMIN)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def kinds(service: Service) -> Mapping[str, dict[str, str]]:
    """Return who may knock, by what he sends."""
    for project in (MINE, THEIRS):
        make_project(service, project)
    return {
        "nobody": {},
        "viewer": bearer(make_token(service, "a-viewer", "viewer", projects=[MINE])),
        "editor": bearer(make_token(service, "an-editor", "editor", projects=[MINE])),
        "admin": bearer(make_token(service, "an-admin", "admin")),
        "editor of another project": bearer(make_token(service, "a-stranger", "editor", projects=[THEIRS])),
    }


def sign_in(service: Service, secret: str, **headers: str) -> Response:
    return service.http.post("/sign-in", data={"token": secret, "next": "/"}, headers=HERE | headers)
