"""How long workers wait for the answer to a report."""

import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def report_seconds(registry: CollectorRegistry) -> Histogram:
    told = "From a worker's report to its answer."
    return Histogram("podium_report_seconds", told, ["code"], buckets=SECONDS, registry=registry)


class ReportLatency:
    """ASGI middleware: times the requests of one path until their answers start, by the answer's status."""

    def __init__(self, app: ASGIApp, path: str, seconds: Histogram) -> None:
        self._app, self._path, self._seconds = app, path, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def timed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._seconds.labels(message["status"]).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, timed_send)
