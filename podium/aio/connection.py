"""A connection to one controller: sends requests, and repeats only what is safe to repeat."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

from podium.exchange import (
    JSON,
    SURELY_NOT_DONE,
    TRIES,
    WORTH_REPEATING,
    Model,
    headers_with,
    heeds_proxies,
    no_address,
    no_answer,
    read,
    refusal,
    wait_seconds,
)
from podium.pausing import AsyncSleep
from podium.refusal import PodiumError
from podium.remembered import Remembered, is_unchanged
from podium.wire import API_PREFIX, Page

Item = TypeVar("Item")


class AsyncConnection:
    """A connection to one controller, closed at the end of its `async with` block."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_seconds: float = 10.0,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: AsyncSleep = asyncio.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self.sleep = sleep
        try:
            self._http = httpx2.AsyncClient(
                base_url=self.url,
                headers=headers_with(token),
                timeout=timeout_seconds,
                transport=transport,
                trust_env=heeds_proxies(self.url),
            )
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise no_address(url, error) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection. What was read stays."""
        await self._http.aclose()

    async def is_ready(self) -> bool:
        """Say whether the controller answers and has its database. Never raises for an answer that did not come."""
        try:
            return (await self._http.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    async def server_version(self) -> str | None:
        """Return the controller's version, or None where it does not tell. Raises PodiumError."""
        try:
            told = (await self._repeat(self._http.build_request("GET", "/openapi.json"))).json()
            return str(told["info"]["version"])
        except (ValueError, KeyError, TypeError):
            return None

    async def _pages(
        self, path: str, page: type[Page[Item]], params: Mapping[str, str], *, known: Remembered | None = None
    ) -> AsyncIterator[Item]:
        cursor: dict[str, str] = {}
        while True:
            part = await self._again(path, page, {**params, **cursor}, known=known)
            for item in part.items:
                yield item
            if part.next_cursor is None:
                return
            cursor = {"cursor": part.next_cursor}

    async def _again(
        self, path: str, model: type[Model], params: Mapping[str, str] | None = None, *, known: Remembered | None
    ) -> Model:
        """Read what may have been read before: it is sent only if it differs from what is `known`."""
        if known is None:
            return self._read(await self._get(path, params), model)
        request = self._http.build_request("GET", API_PREFIX + path, params=params)
        known.ask(request)
        return known.read(await self._repeat(request), model)

    async def _get(
        self, path: str, params: Mapping[str, str] | None = None, *, timeout_seconds: float | None = None
    ) -> httpx2.Response:
        patience = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        request = self._http.build_request("GET", API_PREFIX + path, params=params, timeout=patience)
        return await self._repeat(request)

    async def _post(self, path: str) -> httpx2.Response:
        return await self._send(self._http.build_request("POST", API_PREFIX + path))

    def _json(self, method: str, path: str, body: str) -> httpx2.Request:
        return self._http.build_request(method, API_PREFIX + path, content=body, headers=JSON)

    async def _repeat(self, request: httpx2.Request) -> httpx2.Response:
        """Send what is safe to send twice."""
        return await self._try(request, WORTH_REPEATING)

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        """Send what must not be done twice; again only where surely nothing was done."""
        return await self._try(request, SURELY_NOT_DONE)

    async def _try(self, request: httpx2.Request, passing: tuple[type[PodiumError], ...]) -> httpx2.Response:
        """Send a few times over about a second, or as Retry-After asks, never longer than one timeout."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(passing),
            wait=wait_seconds,
            stop=stop_after_attempt(TRIES) | stop_before_delay(self._timeout_seconds),
            sleep=self.sleep,
            reraise=True,
        )
        return await retrying(self._send_once, request)

    async def _send_once(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = await self._http.send(request)
        except httpx2.InvalidURL as error:
            raise no_address(self.url, error) from None
        except httpx2.RequestError as error:
            raise no_answer(self.url, error, self._timeout_seconds) from None
        if response.is_success or is_unchanged(response):
            return response
        raise refusal(response, datetime.now(UTC))

    def _read(self, response: httpx2.Response, model: type[Model]) -> Model:
        return read(response, model)
