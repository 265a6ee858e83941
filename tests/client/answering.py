"""Both kinds of client on a plain function instead of the network, so that one test runs on each."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx2

from podium.aio.endpoints import AsyncPodiumClient
from podium.blocking.endpoints import PodiumClient

T = TypeVar("T")
Handler = Callable[[httpx2.Request], httpx2.Response]
Use = Callable[[Any], Any]
"""What is done with a client, of either kind: what it returns may be awaitable, or an iterator of either kind."""


class Waits:
    """Sleeps of no length, remembered."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)

    async def later(self, seconds: float) -> None:
        self.seconds.append(seconds)


def blocking(handler: Handler, use: Use, waits: Waits) -> Any:
    with PodiumClient(
        "http://podium.test", token="secret", transport=httpx2.MockTransport(handler), sleep=waits, timeout_seconds=30
    ) as client:
        given = use(client)
        return list(given) if isinstance(given, Iterator) else given


def asynchronous(handler: Handler, use: Use, waits: Waits) -> Any:
    async def run() -> Any:
        async with AsyncPodiumClient(
            "http://podium.test",
            token="secret",
            transport=httpx2.MockTransport(handler),
            sleep=waits.later,
            timeout_seconds=30,
        ) as client:
            given = use(client)
            if isinstance(given, AsyncIterator):
                return [item async for item in given]
            return await given if isinstance(given, Awaitable) else given

    return asyncio.run(run())
