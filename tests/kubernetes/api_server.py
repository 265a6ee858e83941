"""A small API server over real HTTP: list, watch, create, delete, and every way in which a server lets one down.

A watch gives what came after its version, or says 410 when that is forgotten.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration

from controller.kubernetes.api import Api
from controller.kubernetes.connection import tuned
from tests.kubernetes.history import Document, History

NAMESPACE = "podium"


@dataclass(frozen=True)
class Request:
    method: str
    kind: str
    name: str
    query: Mapping[str, str]
    body: Document
    at: float

    @property
    def is_watch(self) -> bool:
        return "watch" in self.query

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and not self.name and not self.is_watch


@dataclass(frozen=True)
class Answer:
    """What is answered instead of what was asked for."""

    status: int = 200
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    text: bytes | None = None


Rule = Callable[[Request], Answer | None]


class ApiServer(History):
    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.rule: Rule = lambda request: None
        """Answers, waits, or lets the request pass with None."""
        self.logs: dict[str, bytes] = {}
        self.watch_errors_are_events = False
        self.opened: list[str] = []
        """The kind of each watch that was opened."""
        self._watches: set[socket.socket] = set()
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_port}"

    def api(self) -> Api:
        return Api(ApiClient(tuned(Configuration(host=self.url))), NAMESPACE)

    def cut(self) -> None:
        """Break every watch off, as a network does."""
        with self.changed:
            for watch in self._watches:
                with suppress(OSError):
                    watch.shutdown(socket.SHUT_RDWR)

    def count(self, matches: Callable[[Request], bool]) -> int:
        with self.changed:
            return sum(map(matches, self.requests))

    def start(self, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"fake": self})
        self._http = _Server(("127.0.0.1", port), handler)
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> int:
        """Go away; return the port, to come back to."""
        assert self._http is not None
        port = self._http.server_port
        self._http.shutdown()
        self._http.server_close()
        self.cut()
        with self.changed:
            self._http = None
            self.changed.notify_all()
        return port

    def answer_list(self, request: Request) -> Document:
        limit = int(request.query.get("limit", "500"))
        return self.page(request.kind, limit, request.query.get("continue"))

    def answer_create(self, request: Request) -> Answer | Document:
        name = request.body["metadata"]["name"]
        if name in self.names(request.kind):
            return Answer(409, f'{request.kind} "{name}" already exists')
        return self.put(request.kind, request.body)

    def answer_delete(self, request: Request) -> Answer | Document:
        if request.name not in self.names(request.kind):
            return Answer(404, f'{request.kind} "{request.name}" not found')
        wanted = (request.body.get("preconditions") or {}).get("uid")
        if wanted and wanted != self.get(request.kind, request.name)["metadata"]["uid"]:
            return Answer(409, "the UID in the precondition does not match the UID in record")
        self.remove(request.kind, request.name)
        return {"kind": "Status", "status": "Success"}

    def watch(self, request: Request, connection: socket.socket) -> Iterator[Document]:
        """Yield what happens after the version asked for, until the time is over."""
        version, deadline = (
            int(request.query["resourceVersion"]),
            time.monotonic() + int(request.query["timeoutSeconds"]),
        )
        try:
            with self.changed:
                self._watches.add(connection)
                self.opened.append(request.kind)
            while (left_seconds := deadline - time.monotonic()) > 0:
                with self.changed:
                    events = self.events_after(version)
                    if not events:
                        self.changed.wait(min(left_seconds, 0.2))
                        if self._http is None:
                            return
                for version, kind, event, document in events:  # noqa: B007  # the last one is where we are
                    if kind == request.kind:
                        yield {"type": event, "object": document}
        finally:
            with self.changed:
                self._watches.discard(connection)


@contextmanager
def api_server() -> Iterator[ApiServer]:
    server = ApiServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections that break are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    fake: ApiServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
        pass

    def _serve(self, method: str) -> None:
        request = self._request(method)
        with self.fake.changed:
            self.fake.requests.append(request)
            self.fake.changed.notify_all()
        answer = self.fake.rule(request) or self._answer(request)
        if isinstance(answer, Answer):
            self._send(answer)
        elif answer is not None:
            self._send(Answer(text=json.dumps(answer).encode()))

    def _request(self, method: str) -> Request:
        url = urlsplit(self.path)
        kind, _, name = url.path.split(f"/namespaces/{NAMESPACE}/", 1)[-1].partition("/")
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        return Request(method=method, kind=kind, name=name, query=query, body=body, at=time.monotonic())

    def _answer(self, request: Request) -> Answer | Document | None:
        match request.method:
            case "GET" if request.is_watch:
                return self._watch(request)
            case "GET" if request.name.endswith("/log"):
                log = self.fake.logs.get(request.name.removesuffix("/log"))
                return Answer(404, "no such Pod") if log is None else Answer(text=log)
            case "GET" if request.name:
                if request.name not in self.fake.names(request.kind):
                    return Answer(404, f'{request.kind} "{request.name}" not found')
                return self.fake.get(request.kind, request.name)
            case "GET":
                return self.fake.answer_list(request)
            case "POST":
                return self.fake.answer_create(request)
            case _:
                return self.fake.answer_delete(request)

    def _watch(self, request: Request) -> Answer | None:
        is_forgotten = self.fake.is_forgotten(request.query["resourceVersion"])
        if is_forgotten and not self.fake.watch_errors_are_events:
            return Answer(410, "too old resource version")
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
        events = [gone] if is_forgotten else self.fake.watch(request, self.connection)
        for event in events:
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _send(self, answer: Answer) -> None:
        text = answer.text
        if text is None:
            status = {"kind": "Status", "status": "Failure", "message": answer.message, "code": answer.status}
            text = json.dumps(status).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
