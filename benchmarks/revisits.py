"""What a 304 costs beside a 200, for whoever polls an experiment with many trials.

    python -m benchmarks.revisits [--trials 1000]

The application answers in this process, on a real PostgreSQL in another; rows are as hours of searching would have left
them. CPU seconds of this process and of the database together tell the cost whatever else the machine does.
"""

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from benchmarks.finished_trials import add_experiment, spec_of
from benchmarks.machine import machine
from controller.api.app import create_app
from controller.api.collaborators import Collaborators
from controller.database import migrate, open_engine, open_sessions, transaction
from controller.embedded import embedded_postgres
from controller.tokens import TokenSigner
from podium.wire import API_PREFIX

WHOLE_TIMES, SPARED_TIMES = 5, 40
"""The kernel counts CPU in hundredths of a second."""
PATHS = ("", "/trials?limit=1000", "/runs?limit=1000", "/attempts?limit=1000")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trials", type=int, default=1000)
    trials = arguments.parse_args().trials
    print(machine())
    with tempfile.TemporaryDirectory(prefix="podium-revisits-") as folder, embedded_postgres(Path(folder)) as url:
        engine = open_engine(url, pool_size=1)  # one backend, whose CPU seconds are told
        migrate(engine)
        with transaction(open_sessions(engine)) as session:
            identity = add_experiment(session, spec_of("polled", parallelism=20, seed=1), trials, datetime.now(UTC))
        http = TestClient(create_app(_collaborators(engine)))
        print(f"{trials:,} trials: CPU ms of one answer\n{'':24}   200    304   ratio      KB")
        for path in PATHS:
            _measure(http, _clock_of(engine), f"{API_PREFIX}/experiments/{identity}{path}", path or "the experiment")
        engine.dispose()


def _measure(http: TestClient, cpu_seconds: Callable[[], float], address: str, title: str) -> None:
    first = http.get(address).raise_for_status()
    known = {"If-None-Match": first.headers["ETag"]}
    whole = _mean(cpu_seconds, lambda: http.get(address).status_code == 200, WHOLE_TIMES)
    spared = _mean(cpu_seconds, lambda: http.get(address, headers=known).status_code == 304, SPARED_TIMES)
    ratio = whole / spared
    print(f"{title:24} {1000 * whole:5.1f}  {1000 * spared:5.1f}  {ratio:6.1f}  {len(first.content) / 1024:6.0f}")


def _mean(cpu_seconds: Callable[[], float], ask: Callable[[], bool], times: int) -> float:
    """Return CPU seconds. Raises AssertionError where the answer is another than the one that is measured."""
    began = cpu_seconds()
    for _ in range(times):
        assert ask()
    return (cpu_seconds() - began) / times


def _clock_of(engine: Engine) -> Callable[[], float]:
    """Return a clock of the CPU seconds of this process and of the one backend that its pool is connected to."""
    with engine.connect() as connection:
        backend = psutil.Process(connection.scalar(text("SELECT pg_backend_pid()")))
    here = psutil.Process()

    def cpu_seconds() -> float:
        return sum(each.cpu_times().user + each.cpu_times().system for each in (here, backend))

    return cpu_seconds


def _collaborators(engine: Engine) -> Collaborators:
    return Collaborators(
        engine=engine,
        sessions=open_sessions(engine),
        signer=TokenSigner(key="0" * 32, lifetime=timedelta(hours=1)),
        admin_token=None,
        artifacts_url="file:///nowhere",
        clock=lambda: datetime.now(UTC),
        registry=CollectorRegistry(),
    )


if __name__ == "__main__":
    main()
