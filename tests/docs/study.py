"""What pages speak of: a controller whose trials train at once, and two searches that are over, `digits` and `more`."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient

import podium
from tests.cli.served import serving
from tests.service import Service

ROOT = Path(__file__).parents[2]
TOKEN = "correct-horse-battery-staple"
DIGITS = {
    "name": "digits",
    "objective": {"metric": "val_accuracy"},
    "parameters": {
        "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
        "momentum": {"type": "real", "low": 0.0, "high": 0.9},
    },
    "fidelity": {"rungs": {"small": 1, "full": 4}},
    "budget": {"cost": 2},
    "baseline": {"learning_rate": 0.1, "momentum": 0.5},
    "stop_when": {"expected_gain": 1e-9},
    "training": {"dataset": "digits"},
}


@contextmanager
def training(service: Service) -> Iterator[None]:
    """Train whatever the controller starts, for as long as the block lasts; a better value for each trial."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.wait(0.02):
            service.settle()
            for job in service.active():
                service.clock.advance(60)
                service.finish(job, 0.9 + service.assignment(job)["trial"] / 1000, val_loss=0.25)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


@contextmanager
def controller_that_trains(service: Service) -> Iterator[str]:
    """Serve the API; yield its address."""
    with TestClient(service.app) as service.http, serving(service.app) as url, training(service):
        yield url


def shell_environment(**more: str) -> Mapping[str, str]:
    """Return what a shell needs to find this repository's `podium`."""
    return {"PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **more}


def finish_what_pages_speak_of(url: str) -> None:
    """Search to the end, twice."""
    with podium.Client(url, token=TOKEN) as client:
        for name in ("digits", "more"):
            client.experiments.create({**DIGITS, "name": name}).wait(timeout=60, poll=0.1)
