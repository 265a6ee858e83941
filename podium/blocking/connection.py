# Made from podium/aio/connection.py by `make sdk`; change it there.
"""A connection to one controller: sends requests, and repeats only what is safe to repeat."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

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
from podium.pausing import Sleep
from podium.refusal import PodiumError
from podium.remembered import Remembered, is_unchanged
from podium.wire import API_PREFIX, Page

Item = TypeVar("Item")


class Connection:
    """A connection to one controller, closed at the end of its `with` block."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_seconds: float = 10.0,
        transport: httpx2.BaseTransport | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self.sleep = sleep
        try:
            self._http = httpx2.Client(
                base_url=self.url,
                headers=headers_with(token),
                timeout=timeout_seconds,
                transport=transport,
                trust_env=heeds_proxies(self.url),
            )
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise no_address(url, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. What was read stays."""
        self._http.close()

    def is_ready(self) -> bool:
        """Say whether the controller answers and has its database. Never raises for an answer that did not come."""
        try:
            return (self._http.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    def server_version(self) -> str | None:
        """Return the controller's version, or None where it does not tell. Raises PodiumError."""
        try:
            told = (self._repeat(self._http.build_request("GET", "/openapi.json"))).json()
            return str(told["info"]["version"])
        except (ValueError, KeyError, TypeError):
            return None

    def _pages(
        self, path: str, page: type[Page[Item]], params: Mapping[str, str], *, known: Remembered | None = None
    ) -> Iterator[Item]:
        cursor: dict[str, str] = {}
        while True:
            part = self._again(path, page, {**params, **cursor}, known=known)
            for item in part.items:
                yield item
            if part.next_cursor is None:
                return
            cursor = {"cursor": part.next_cursor}

    def _again(
        self, path: str, model: type[Model], params: Mapping[str, str] | None = None, *, known: Remembered | None
    ) -> Model:
        """Read what may have been read before: it is sent only if it differs from what is `known`."""
        if known is None:
            return self._read(self._get(path, params), model)
        request = self._http.build_request("GET", API_PREFIX + path, params=params)
        known.ask(request)
        return known.read(self._repeat(request), model)

    def _get(
        self, path: str, params: Mapping[str, str] | None = None, *, timeout_seconds: float | None = None
    ) -> httpx2.Response:
        patience = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        request = self._http.build_request("GET", API_PREFIX + path, params=params, timeout=patience)
        return self._repeat(request)

    def _post(self, path: str) -> httpx2.Response:
        return self._send(self._http.build_request("POST", API_PREFIX + path))

    def _json(self, method: str, path: str, body: str) -> httpx2.Request:
        return self._http.build_request(method, API_PREFIX + path, content=body, headers=JSON)

    def _repeat(self, request: httpx2.Request) -> httpx2.Response:
        """Send what is safe to send twice."""
        return self._try(request, WORTH_REPEATING)

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        """Send what must not be done twice; again only where surely nothing was done."""
        return self._try(request, SURELY_NOT_DONE)

    def _try(self, request: httpx2.Request, passing: tuple[type[PodiumError], ...]) -> httpx2.Response:
        """Send a few times over about a second, or as Retry-After asks, never longer than one timeout."""
        retrying = Retrying(
            retry=retry_if_exception_type(passing),
            wait=wait_seconds,
            stop=stop_after_attempt(TRIES) | stop_before_delay(self._timeout_seconds),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(self._send_once, request)

    def _send_once(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = self._http.send(request)
        except httpx2.InvalidURL as error:
            raise no_address(self.url, error) from None
        except httpx2.RequestError as error:
            raise no_answer(self.url, error, self._timeout_seconds) from None
        if response.is_success or is_unchanged(response):
            return response
        raise refusal(response, datetime.now(UTC))

    def _read(self, response: httpx2.Response, model: type[Model]) -> Model:
        return read(response, model)
