"""The reconciler's own small HTTP server: whether it lives, whether it can work, and its metrics."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What is answered. The answers are asked for at each request, in a thread of its own."""

    is_healthy: Callable[[], bool]
    is_ready: Callable[[], bool]
    registry: CollectorRegistry

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body."""
        match path.partition("?")[0]:
            case "/healthz" if self.is_healthy():
                return HTTPStatus.OK, PLAIN, b"ok\n"
            case "/healthz":
                return HTTPStatus.SERVICE_UNAVAILABLE, PLAIN, b"the loop hangs or has died; start the process again\n"
            case "/readyz" if self.is_ready():
                return HTTPStatus.OK, PLAIN, b"ready\n"
            case "/readyz":
                return HTTPStatus.SERVICE_UNAVAILABLE, PLAIN, b"the database does not answer\n"
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.registry)
            case _:
                return HTTPStatus.NOT_FOUND, PLAIN, b"there are /healthz, /readyz and /metrics\n"


@contextmanager
def probed(host: str, port: int, probes: Probes) -> Iterator[int]:
    """Answer probes until the block ends; yield the port. Raises OSError when the address is taken."""
    server = ThreadingHTTPServer((host, port), _handler(probes))
    thread = threading.Thread(target=server.serve_forever, name="probes", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(probes: Probes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0  # a client that says nothing must not keep a thread

        def do_GET(self) -> None:
            status, content_type, body = probes.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Log nothing: probes come every few seconds."""

    return Handler
