"""From a worker's last report to the start of the next worker process: p50, p95 and the longest, with 20 in parallel.

    python -m benchmarks.reconcile_latency [--parallelism 20] [--runs 220] [--seconds 4,12 1,3]

`--seconds` bounds what an epoch takes, and is measured for each in turn: epochs as short as those of a small model on a
GPU, and epochs so short that ends come several a second. Everything is real but the training: PostgreSQL, API,
reconciler, optimizer, and processes that sleep and report, all on this machine.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from itertools import count
from pathlib import Path

import psutil

STUB = Path(__file__).with_name("stub_worker.py")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--parallelism", type=int, default=20)
    arguments.add_argument("--runs", type=int, default=220)
    arguments.add_argument("--seconds", nargs="+", default=["4,12", "1,3"], metavar="LOW,HIGH", help="of an epoch")
    wanted = arguments.parse_args()
    for seconds in wanted.seconds:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), seconds, wanted.parallelism, wanted.runs)


def measure(folder: Path, seconds: str, parallelism: int, runs: int) -> None:
    state, logs = folder / "state", folder / "logs"
    logs.mkdir()
    controller = start_controller(state, folder / "controller.log")
    try:
        url = (state / "controller.url").read_text().strip()
        began = time.monotonic()
        created = ask(f"{url}/api/v1/experiments", experiment(seconds, parallelism, runs, logs))
        wait_until_complete(f"{url}/api/v1/experiments/{created['id']}")
        wall_seconds, cpu_seconds = time.monotonic() - began, cpu_seconds_of(controller)
        print(f"{runs} runs, {parallelism} in parallel, {seconds} s an epoch")
        print_figures(logs, parallelism, wall_seconds)
        print(f"CPU of controller and optimizer: {1000 * cpu_seconds / runs:.0f} ms a run, their start included\n")
    finally:
        controller.send_signal(signal.SIGTERM)
        controller.wait(60)


def cpu_seconds_of(controller: subprocess.Popen[bytes]) -> float:
    """Return what the controller and the process of its optimizer used; its workers and PostgreSQL are not theirs."""
    process = psutil.Process(controller.pid)
    thinking = [each for each in process.children() if "controller.thinking" in " ".join(each.cmdline())]
    return sum(each.cpu_times().user + each.cpu_times().system for each in (process, *thinking))


def start_controller(state: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "controller", "up", "--port", "0", "--state-dir", str(state)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
    environment["PODIUM_OPEN"] = "true"
    with log.open("wb") as file:
        controller = subprocess.Popen(command, env=environment, stderr=file)
    for _ in range(600):
        if (state / "controller.url").exists():
            return controller
        if controller.poll() is not None:
            sys.exit(f"the controller exited with {controller.returncode}:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
    sys.exit("the controller did not come up within a minute")


def experiment(seconds: str, parallelism: int, runs: int, logs: Path) -> dict[str, object]:
    return {
        "name": "latency",
        "objective": {"metric": "score"},
        "parameters": {f"x{number}": {"type": "real", "low": 0.0, "high": 1.0} for number in range(7)},
        "fidelity": {"rungs": {"small": 1, "medium": 5, "full": 10}},
        "budget": {"runs": runs},
        "parallelism": parallelism,
        "trial": {
            "command": [sys.executable, "-S", "-E", str(STUB)],
            "env": {"STUB_LOG_DIR": str(logs), "STUB_SECONDS": seconds},
        },
    }


def ask(url: str, body: object = None) -> dict[str, str]:
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


def wait_until_complete(url: str) -> None:
    for seconds in count():
        found = ask(url)
        if found["state"] == "completed":
            return
        if found["state"] != "running" or seconds > 1800:
            sys.exit(f"the experiment did not complete: {found['message']}")
        time.sleep(1)


def print_figures(logs: Path, parallelism: int, wall_seconds: float) -> None:
    """Pair the n-th result with the n-th start after the first batch: slots are filled in the order they fall free."""
    records = [json.loads(path.read_text()) for path in logs.iterdir()]
    starts = sorted(record["started_at"] for record in records)[parallelism:]
    reports = sorted(record["reported_at"] for record in records)
    waits = [start - report for start, report in zip(starts, reports, strict=False)]
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    print(f"{wall_seconds:.0f} s in all: {len(records) / wall_seconds:.1f} runs a second")
    print("last report to next process start, in milliseconds")
    print(f"  p50 {1000 * cuts[49]:6.0f}\n  p95 {1000 * cuts[94]:6.0f}\n  max {1000 * max(waits):6.0f}")


if __name__ == "__main__":
    main()
