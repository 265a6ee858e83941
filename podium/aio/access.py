"""What a client asks about who may enter, and who changed what."""

from collections.abc import AsyncIterator

from podium.access import NewToken, Project, ProjectOrder, Token, TokenOrder, WhoAmI
from podium.aio.connection import AsyncConnection
from podium.audit import Change
from podium.wire import Page


class AsyncTokenMethods(AsyncConnection):
    """Every method raises PodiumError; all but `who_am_i` and `projects` want an admin's token."""

    async def who_am_i(self) -> WhoAmI:
        """Return whom the controller takes this client for."""
        return self._read(await self._get("/whoami"), WhoAmI)

    async def create_token(self, order: TokenOrder) -> NewToken:
        """Make a token; its secret is in this answer and nowhere else."""
        return self._read(await self._send(self._json("POST", "/tokens", order.model_dump_json())), NewToken)

    def tokens(self) -> AsyncIterator[Token]:
        return self._pages("/tokens", Page[Token], {})

    async def revoke_token(self, token_id: int) -> None:
        """Close a token for good; doing so again changes nothing."""
        await self._send(self._json("DELETE", f"/tokens/{token_id}", ""))

    async def create_project(self, name: str) -> Project:
        order = ProjectOrder(name=name)
        return self._read(await self._send(self._json("POST", "/projects", order.model_dump_json())), Project)

    def projects(self) -> AsyncIterator[Project]:
        return self._pages("/projects", Page[Project], {})

    def changes(self, *, experiment: str | None = None) -> AsyncIterator[Change]:
        """Return who changed what, the latest first; of one experiment, by its id, if asked."""
        return self._pages("/audit", Page[Change], {} if experiment is None else {"experiment": experiment})
