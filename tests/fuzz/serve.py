"""A real controller for schemathesis: uvicorn on a real PostgreSQL, with an experiment that has trials.

    python -m tests.fuzz.serve

Writes its address to standard output, and serves until its standard input ends.
"""

import socket
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import uvicorn
from fastapi.testclient import TestClient

from controller.api.head_limit import LimitedProtocol
from controller.database import migrate, open_engine, open_sessions
from controller.embedded import embedded_postgres
from tests.service import Service

TOKEN = "fuzz-" + "0" * 40


def main() -> None:
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = open_engine(stack.enter_context(embedded_postgres(state)))
        migrate(engine)
        service = Service(engine, open_sessions(engine), artifacts=state / "artifacts", admin_token=TOKEN)
        service.http = TestClient(service.app, headers={"Authorization": f"Bearer {TOKEN}"})
        service.create(name="seed", parallelism=2)
        service.settle()
        service.finish(service.active()[0])
        service.settle()
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(service.app, log_level="error", http=LimitedProtocol))
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.should_exit = True
        serving.join()


if __name__ == "__main__":
    main()
