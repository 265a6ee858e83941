"""What was answered is stored: the commit comes before the response, see docs/decisions/0003."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import uvicorn
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tests.builders import spec_document
from tests.service import API, Service


def test_an_experiment_is_stored_by_the_time_it_is_answered(service: Service) -> None:
    def dawdle(session: Session) -> None:
        time.sleep(0.5)  # long enough for the response to be here first, if it were sent first

    event.listen(service.sessions, "before_commit", dawdle)
    with served(service) as url, httpx2.Client(base_url=url) as http:
        assert http.post(f"{API}/experiments", json=spec_document()).status_code == 201
        with service.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM experiments")).scalar_one() == 1


def test_a_report_is_stored_by_the_time_it_is_answered(service: Service) -> None:
    service.create(parallelism=1)
    service.settle()
    [job] = service.active()

    def dawdle(session: Session) -> None:
        time.sleep(0.5)

    event.listen(service.sessions, "before_commit", dawdle)
    with served(service) as url, httpx2.Client(base_url=url, headers=service.token(job)) as http:
        body = {"epoch": 1, "metrics": {"val_accuracy": 0.5}, "seconds": 1.0}
        assert http.post(f"{API}/run/measurements", json=body).status_code == 200
        with service.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM measurements")).scalar_one() == 1


@contextmanager
def served(service: Service) -> Iterator[str]:
    """Serve the application on a real socket: a test client would wait for what comes after the response."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service.app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
