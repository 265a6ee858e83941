"""What an export of many trials takes: seconds, and the most memory that `podium` and the API had meanwhile.

    python -m benchmarks.exports [--trials 10000] [--to csv parquet tensorboard]

PostgreSQL, `podium-controller serve` and `podium export` are real and processes of their own.
"""

import argparse
import os
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.control_plane import free_ports, process
from benchmarks.finished_trials import add_experiment, spec_of
from benchmarks.machine import machine
from benchmarks.scale import wait_for_api
from controller.database import migrate, open_engine, open_sessions, transaction
from controller.embedded import embedded_postgres

MEGABYTE = 1024 * 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trials", type=int, default=10_000)
    arguments.add_argument("--to", nargs="+", default=["csv", "parquet", "tensorboard"])
    wanted = arguments.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="podium-exports-") as folder, ExitStack() as stack:
        database_url = stack.enter_context(embedded_postgres(Path(folder)))
        (port,) = free_ports(1)
        identity = stored(database_url, wanted.trials)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
        environment |= {"PODIUM_DATABASE_URL": database_url, "PODIUM_SECRET_KEY": secrets.token_hex(32)}
        environment |= {"PODIUM_STATE_DIR": folder, "PODIUM_OPEN": "true"}
        serve = [sys.executable, "-m", "controller", "serve", "--port", str(port)]
        server = stack.enter_context(process("serve", serve, Path(folder), environment))
        api = f"http://127.0.0.1:{port}"
        wait_for_api(api)
        for road in wanted.to:
            measure(road, identity, api, Path(folder) / road)
            print(f"    the API: {psutil.Process(server.pid).memory_info().rss / MEGABYTE:.0f} MB")


def stored(database_url: str, trials: int) -> str:
    """Store an experiment with so many finished trials; return its id."""
    engine = open_engine(database_url)
    migrate(engine)
    with transaction(open_sessions(engine)) as session:
        identity = add_experiment(session, spec_of("exports", parallelism=20, seed=1), trials, datetime.now(UTC))
    engine.dispose()
    return identity


def measure(road: str, identity: str, api: str, where: Path) -> None:
    command = [sys.executable, "-c", "from podium.cli.app import main; main()", "export", identity]
    command += ["--to", road, str(where), "--url", api]
    began, most = time.perf_counter(), 0
    child = psutil.Popen(command)
    while child.poll() is None:
        with suppress(psutil.NoSuchProcess):
            most = max(most, child.memory_info().rss)
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    assert child.returncode == 0, f"{command} left with {child.returncode}"
    size = sum(path.stat().st_size for path in where.rglob("*") if path.is_file())
    print(f"{road:<12}{seconds:6.1f} s, at most {most / MEGABYTE:.0f} MB; {size / MEGABYTE:.1f} MB written")


if __name__ == "__main__":
    main()
