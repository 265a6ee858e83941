"""What `PodiumClient` asks about who may enter, and who changed what, in a file of its own."""

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

import httpx2
from pydantic import BaseModel

from podium.access import NewToken, Project, ProjectOrder, Token, TokenOrder, WhoAmI
from podium.audit import Change
from podium.wire import Page

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")


class Asking(Protocol):
    """A client that sends requests and reads answers."""

    def _get(self, path: str) -> httpx2.Response: ...

    def _json(self, method: str, path: str, body: str) -> httpx2.Request: ...

    def _send(self, request: httpx2.Request) -> httpx2.Response: ...

    def _read(self, response: httpx2.Response, model: type[Model]) -> Model: ...

    def _pages(self, path: str, page: type[Page[Item]], params: Mapping[str, str]) -> Iterator[Item]: ...


class TokenMethods:
    """Every method raises PodiumError; all but `who_am_i` and `projects` want an admin's token."""

    def who_am_i(self: Asking) -> WhoAmI:
        """Return whom the controller takes this client for."""
        return self._read(self._get("/whoami"), WhoAmI)

    def create_token(self: Asking, order: TokenOrder) -> NewToken:
        """Make a token; its secret is in this answer and nowhere else."""
        return self._read(self._send(self._json("POST", "/tokens", order.model_dump_json())), NewToken)

    def tokens(self: Asking) -> Iterator[Token]:
        return self._pages("/tokens", Page[Token], {})

    def revoke_token(self: Asking, token_id: int) -> None:
        """Close a token for good; doing so again changes nothing."""
        self._send(self._json("DELETE", f"/tokens/{token_id}", ""))

    def create_project(self: Asking, name: str) -> Project:
        order = ProjectOrder(name=name)
        return self._read(self._send(self._json("POST", "/projects", order.model_dump_json())), Project)

    def projects(self: Asking) -> Iterator[Project]:
        return self._pages("/projects", Page[Project], {})

    def changes(self: Asking, *, experiment: str | None = None) -> Iterator[Change]:
        """Return who changed what, the latest first; of one experiment, by its id, if asked."""
        return self._pages("/audit", Page[Change], {} if experiment is None else {"experiment": experiment})
