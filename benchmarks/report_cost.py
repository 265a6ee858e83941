"""What a worker's report costs the API: CPU of its process and of PostgreSQL, reports a second, and how long each took.

    python -m benchmarks.report_cost [--workers 100] [--at-once 8] [--reports 2000]

PostgreSQL and `podium-controller serve` are real and processes of their own; the workers are threads that report, each
on a connection that it keeps. CPU seconds tell the cost whatever else the machine does; the other figures do not.
"""

import argparse
import http.client
import json
import os
import queue
import secrets
import sys
import tempfile
import threading
import time
import urllib.parse
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy.orm import Session

from benchmarks.control_plane import free_ports, process
from benchmarks.machine import machine
from benchmarks.scale import print_row, wait_for_api
from controller import attempts, lifecycle, runs, store
from controller.api.collaborators import random_suffixes
from controller.database import migrate, open_engine, open_sessions, transaction
from controller.embedded import embedded_postgres
from controller.tokens import TokenSigner
from podium.pod import PodShape
from podium.spec import ExperimentSpec
from podium.wire import API_PREFIX, Reasons

PATH = f"{API_PREFIX}/run/measurements"
WARM_UP = 200


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--workers", type=int, default=100)
    arguments.add_argument("--at-once", type=int, default=8, help="connections that report at the same time")
    arguments.add_argument("--reports", type=int, default=2000)
    wanted = arguments.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="podium-reports-") as folder, ExitStack() as stack:
        database_url = stack.enter_context(embedded_postgres(Path(folder)))
        key, (port,) = secrets.token_hex(32), free_ports(1)
        tokens = running_jobs(database_url, key, wanted.workers)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
        environment |= {
            "PODIUM_OPEN": "true",
            "PODIUM_DATABASE_URL": database_url,
            "PODIUM_SECRET_KEY": key,
            "PODIUM_STATE_DIR": folder,
        }
        serve = [sys.executable, "-m", "controller", "serve", "--port", str(port)]
        server = stack.enter_context(process("serve", serve, Path(folder), environment))
        api = f"http://127.0.0.1:{port}"
        wait_for_api(api)
        reported = Reporting(api=api, tokens=tokens, at_once=wanted.at_once)
        reported.send(WARM_UP)
        postmaster = int(Path(folder, "postgres", "postmaster.pid").read_text().split()[0])
        before, began = cpu_seconds(server.pid, postmaster), time.perf_counter()
        seconds = reported.send(wanted.reports)
        wall_seconds, after = time.perf_counter() - began, cpu_seconds(server.pid, postmaster)
    print(f"{len(seconds)} reports, {wanted.at_once} at once: {len(seconds) / wall_seconds:.0f} a second")
    for name in after:
        print(f"CPU of {name:<12}{1000 * (after[name] - before[name]) / len(seconds):6.2f} ms a report")
    print_row("milliseconds, p50, p95, max", seconds)


def running_jobs(database_url: str, key: str, count: int) -> list[str]:
    """Store so many runs in flight, of an experiment whose runs are too long to end; return their tokens."""
    engine = open_engine(database_url)
    migrate(engine)
    with transaction(open_sessions(engine)) as session:
        jobs = _jobs(session, count)
    engine.dispose()
    signer = TokenSigner(key=key, lifetime=timedelta(hours=1))
    return [signer.sign(job, datetime.now(UTC)) for job in jobs]


def _jobs(session: Session, count: int) -> list[str]:
    now = datetime.now(UTC)
    document = {
        "name": "reports",
        "objective": {"metric": "val_accuracy"},
        "parameters": {"x": {"type": "real", "low": 0.0, "high": 1.0}},
        "fidelity": {"rungs": {"full": 90_000}},
        "budget": {"cost": 1e6},
        "parallelism": count,
        "trial": {"command": ["true"]},
    }
    spec = ExperimentSpec.model_validate(document)
    experiment, _ = lifecycle.create(session, spec, suffixes=random_suffixes(), key=None, now=now)
    jobs = []
    for number in range(count):
        newest = store.Newest(trial=number, run=number)
        order = runs.Order(to_epochs=90_000, reasons=Reasons(source="sobol"), now=now, newest=newest)
        jobs.append(runs.add_trial(session, experiment, {"x": number / count}, order).job)
    for job in jobs:
        attempts.mark_running(session, job, PodShape(), now)
    return jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Workers that report, epoch after epoch."""

    api: str
    tokens: list[str]
    at_once: int
    _sent: dict[str, int] = field(default_factory=dict)

    def send(self, count: int) -> list[float]:
        """Send so many reports; return the seconds that each took."""
        todo: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        for number in range(count):
            token = self.tokens[number % len(self.tokens)]
            self._sent[token] = self._sent.get(token, 0) + 1
            todo.put((token, self._sent[token]))
        seconds: list[float] = []
        threads = [threading.Thread(target=self._send_all, args=(todo, seconds)) for _ in range(self.at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(seconds) < count:
            sys.exit("not every report was taken")
        return seconds

    def _send_all(self, todo: "queue.SimpleQueue[tuple[str, int]]", seconds: list[float]) -> None:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.api).netloc, timeout=60)
        while True:
            try:
                token, epoch = todo.get_nowait()
            except queue.Empty:
                connection.close()
                return
            report = {"epoch": epoch, "metrics": {"val_accuracy": 0.5, "train_loss": 1.0}, "seconds": 60.0}
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            began = time.perf_counter()
            connection.request("POST", PATH, json.dumps(report), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"POST {PATH}: {answer.status} {text.decode()}")
            seconds.append(time.perf_counter() - began)


def cpu_seconds(server: int, postmaster: int) -> dict[str, float]:
    """Return what the API and PostgreSQL have used so far. PostgreSQL's connections last as long as the API's pool."""
    database = psutil.Process(postmaster)
    return {"the API": cpu_of(psutil.Process(server)), "PostgreSQL": sum(map(cpu_of, [database, *database.children()]))}


def cpu_of(one: psutil.Process) -> float:
    used = one.cpu_times()
    return used.user + used.system


if __name__ == "__main__":
    main()
