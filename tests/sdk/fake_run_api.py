"""The endpoints that a trial's process talks to, over real HTTP; it remembers what it was told."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from podium.environment import Environment
from podium.taxonomy import Verdict
from podium.wire import DataDigests, MeasurementAnswer, MeasurementReport, Problem, RunAssignment, UnderWay

TOKEN = "token-of-this-attempt"
ROOT = Path(__file__).parents[2]


def assignment(checkpoints: Path, **changes: Any) -> RunAssignment:  # Any: whatever RunAssignment validates
    given: dict[str, Any] = {
        "experiment": "digits-k3f9",
        "trial": 3,
        "run": 1,
        "attempt": 1,
        "configuration": {"learning_rate": 0.1, "nesterov": False, "batch_size": 16},
        "training": None,
        "from_epoch": 0,
        "to_epoch": 3,
        "full_epochs": 8,
        "reported_epoch": 0,
        "objective": "val_accuracy",
        "seed": 7,
        "checkpoints": checkpoints.as_uri(),
    }
    return RunAssignment.model_validate({**given, **changes})


@dataclass
class FakeRunApi:
    """What the controller would answer, and what it was told."""

    assignment: RunAssignment
    url: str = ""
    stop_at: int | None = None
    stop_within: int | None = None
    """The epoch within which the verdict is stop."""
    progress_refusal: int | None = None
    """The status that each report of a part of an epoch gets."""
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Statuses and headers of the next answers, before it answers well again."""
    refusal: str = "Refused"
    """The error's name in them."""
    silent_after: int | None = None
    """The epoch after which reports get 503."""
    superseded_from: int | None = None
    """The epoch from which on reports get 409."""
    reports: list[MeasurementReport] = field(default_factory=list)
    under_way: list[UnderWay] = field(default_factory=list)
    data: list[DataDigests] = field(default_factory=list)
    data_status: int = 204
    """What the digests of the data are answered with; 409 for other data than the first trial's."""
    environments: list[Environment] = field(default_factory=list)
    environment_status: int = 204
    requests: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def epochs(self) -> list[int]:
        return [report.epoch for report in self.reports]

    def wait_for_epoch(self, epoch: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: epoch in self.epochs, timeout=60), f"epoch {epoch} was never reported"

    def wait_for_requests(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.requests >= count, timeout=60), f"{self.requests} requests came"

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start a trial's process as a cluster would."""
        given = {"PODIUM_URL": self.url, "PODIUM_RUN_TOKEN": TOKEN, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **given, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@contextmanager
def serving(api: FakeRunApi) -> Iterator[FakeRunApi]:
    handler = type("Handler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def finish(process: "subprocess.Popen[str]", *, within_seconds: float = 60) -> tuple[int, str]:
    """Return the exit code and what stands on stderr. One that hangs is killed, and fails the test."""
    with process:
        try:
            _, stderr = process.communicate(timeout=within_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process.returncode, stderr


class _Handler(BaseHTTPRequestHandler):
    api: ClassVar[FakeRunApi]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with self.api.changed:
            if self._is_let_in("/api/v1/run"):
                self._answer(200, self.api.assignment.model_dump_json())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.api.changed:
            if self.path == "/api/v1/run/progress":
                self._hear_progress(body)
                return
            if self.path == "/api/v1/run/data":
                self._hear_of_data(body)
                return
            if self.path == "/api/v1/run/environment":
                self._hear_of_environment(body)
                return
            if not self._is_let_in("/api/v1/run/measurements"):
                return
            report = MeasurementReport.model_validate_json(body)
            if self.api.silent_after is not None and report.epoch > self.api.silent_after:
                self._answer(503, _problem("the database is away"), {"Retry-After": "100"})
                return
            if self.api.superseded_from is not None and report.epoch >= self.api.superseded_from:
                self._answer(409, _problem("attempt 1 is superseded by attempt 2"))
                return
            self.api.reports.append(report)
            self.api.changed.notify_all()
            verdict = Verdict.STOP if report.epoch == self.api.stop_at else Verdict.CONTINUE
            self._answer(200, MeasurementAnswer(verdict=verdict).model_dump_json())

    def _hear_progress(self, body: bytes) -> None:
        if not self._is_let_in("/api/v1/run/progress"):
            return
        told = UnderWay.model_validate_json(body)
        self.api.under_way.append(told)
        if self.api.progress_refusal is not None:
            self._answer(self.api.progress_refusal, _problem("not this one"))
            return
        verdict = Verdict.STOP if told.epoch == self.api.stop_within else Verdict.CONTINUE
        self._answer(200, MeasurementAnswer(verdict=verdict).model_dump_json())

    def _hear_of_data(self, body: bytes) -> None:
        if self._is_let_in("/api/v1/run/data"):
            self.api.data.append(DataDigests.model_validate_json(body))
            self._answer(
                self.api.data_status, _problem("other images", "OtherData") if self.api.data_status > 204 else ""
            )

    def _hear_of_environment(self, body: bytes) -> None:
        if self._is_let_in("/api/v1/run/environment"):
            self.api.environments.append(Environment.model_validate_json(body))
            status = self.api.environment_status
            self._answer(status, _problem("not this one") if status > 204 else "")

    def _is_let_in(self, path: str) -> bool:
        self.api.requests += 1
        self.api.changed.notify_all()
        if self.api.refusals:
            status, headers = self.api.refusals.pop(0)
            self._answer(status, _problem("not now", self.api.refusal), headers)
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, _problem("this token is not valid"))
        elif self.path != path:
            self._answer(404, _problem(f"there is no {self.path}"))
        else:
            return True
        return False

    def _answer(self, status: int, body: str, headers: Mapping[str, str] | None = None) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing: a test's output is its failures."""


def _problem(detail: str, error: str = "Refused") -> str:
    return json.dumps(Problem(error=error, detail=detail).model_dump())
