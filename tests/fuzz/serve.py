"""A real controller for schemathesis: uvicorn on a real PostgreSQL, with experiments in several states.

    python -m tests.fuzz.serve

Writes a line of JSON to standard output, its address and a token of each kind, and serves until its standard input
ends. Nothing reconciles meanwhile: what a request finds is what requests before it left, in each run the same.
"""

import json
import logging
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import structlog
import uvicorn
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from controller.api.head_limit import LimitedProtocol
from controller.database import migrate, open_engine, open_sessions
from controller.embedded import embedded_postgres
from tests.service import API, Service

ADMIN = "fuzz-" + "0" * 40
SECONDS_OF_A_REQUEST = 0.2
"""On the controller's clock, which requests move: no worker comes to the end of its allowance."""


def main() -> None:
    _tell_failures_alone()
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = open_engine(stack.enter_context(embedded_postgres(state)))
        migrate(engine)
        service = Service(engine, open_sessions(engine), artifacts=state / "artifacts", admin_token=ADMIN)
        tokens = _furnish(service)

        async def ticking(scope: Scope, receive: Receive, send: Send) -> None:
            service.clock.advance(SECONDS_OF_A_REQUEST)
            await service.app(scope, receive, send)

        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(ticking, log_level="error", http=LimitedProtocol, access_log=False))
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        sys.stdout.write(json.dumps({"address": address, **tokens}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.should_exit = True
        serving.join()


def _tell_failures_alone() -> None:
    """Keep the log of thousands of refusals to itself: nobody reads on from standard output, which would block."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _furnish(service: Service) -> dict[str, str]:
    """Make experiments that run, that wait for whoever asks, and that are over; return a token of each kind."""
    service.http = TestClient(service.app, headers={"Authorization": f"Bearer {ADMIN}"})
    service.create(name="asked", trial={"external": True}, baseline=None, parallelism=2)
    over = service.create(name="over", parallelism=1)
    service.settle()
    service.http.post(f"{API}/experiments/{over}/stop").raise_for_status()
    service.create(name="seed", parallelism=3)
    service.settle()
    service.finish(next(job for job in service.active() if job.startswith("seed")))
    service.settle()
    service.http.post(f"{API}/webhooks", json={"url": "https://example.com/notices"}).raise_for_status()
    made = service.http.post(f"{API}/tokens", json={"name": "reader", "role": "viewer"}).raise_for_status().json()
    job = next(job for job in service.active() if job.startswith("seed"))
    # once known, a token is let in beside the wrong ones that the checks send
    viewer = {"Authorization": f"Bearer {made['secret']}"}
    service.http.get(f"{API}/experiments", headers=viewer).raise_for_status()
    return {"admin": ADMIN, "viewer": made["secret"], "run": service.cluster.requests[job].token}


if __name__ == "__main__":
    main()
