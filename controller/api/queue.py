"""Work that takes much memory: a few requests at it, a few that wait, and the rest are asked to come again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import CapacityLimiter

from controller.errors import Busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    what: str
    """In the plural: `reports`."""
    at_work: int
    waiting: int
    """Requests that may wait for their turn; they hold nothing yet but their connections."""
    _limiter: list[CapacityLimiter] = field(default_factory=list, init=False)
    """None before the first request: a limiter belongs to the loop that it is made in."""

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a turn, and keep it until the block ends. Raises Busy where too many wait already."""
        if not self._limiter:
            self._limiter.append(CapacityLimiter(self.at_work))
        [limiter] = self._limiter
        if limiter.statistics().tasks_waiting >= self.waiting and limiter.available_tokens < 1:
            raise Busy(f"{self.at_work} {self.what} are being made and {self.waiting} wait; try again in a few seconds")
        async with limiter:
            yield
