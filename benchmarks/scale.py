"""Podium on a control plane without nodes: 1,000 Jobs in flight, 10,000 finished trials in the database.

    python -m benchmarks.scale [--quick] [--experiments 10] [--finished 1000] [--in-flight 100] [--minutes 20]

PostgreSQL, etcd, kube-apiserver, the Job controller, `podium-controller serve` and `podium-controller reconcile` are
the real ones, each a process of its own; nodes, kubelets and workers are played by `stub_kubelet`. Slots are filled
first, all at once; then it is measured for some minutes. Prints trial end to next Job, passes, API latency, memory,
requests to the API server, and the machine. Needs what `hack/cluster build` makes, and etcd.
"""

import argparse
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import Engine, func, select, text

from benchmarks import api_server_requests, finished_trials
from benchmarks.control_plane import NAMESPACE, OWNER, ControlPlane, control_plane, free_ports, process
from benchmarks.machine import load, machine
from benchmarks.questions import ask, asking, questions_about
from controller.database import migrate, open_engine, open_sessions, transaction
from controller.embedded import embedded_postgres
from controller.tables import AttemptRow
from podium.taxonomy import AttemptState

Record = Mapping[str, object]

SETTLE_SECONDS = 15.0
START_SECONDS = 60.0
FILL_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    experiments: int
    finished: int
    """Trials in each experiment that have ended already."""
    in_flight: int
    """Jobs of each experiment."""
    minutes: float
    """A run's length."""
    window_seconds: float
    nodes: int = 50

    @property
    def jobs(self) -> int:
        return self.experiments * self.in_flight


def main() -> None:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(f"ended by signal {number}"))
    size = read_size()
    print(machine())
    print(f"{size.experiments} experiments, each with {size.finished} finished trials and {size.in_flight} in flight")
    with tempfile.TemporaryDirectory(prefix="podium-scale-") as folder, ExitStack() as stack:
        podium = Podium.start(Path(folder), size, stack)
        fill_seconds = podium.wait_until_filled()
        print(f"\n{size.jobs} free slots were filled in {fill_seconds:.0f} s, {size.jobs / fill_seconds:.1f} a second")
        time.sleep(SETTLE_SECONDS)
        podium.measure()


USUAL = Size(experiments=10, finished=1000, in_flight=100, minutes=20.0, window_seconds=300.0)
QUICK = Size(experiments=10, finished=100, in_flight=10, minutes=2.0, window_seconds=60.0)


def read_size() -> Size:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="100 Jobs of two minutes, measured for one minute")
    arguments.add_argument("--experiments", type=int)
    arguments.add_argument("--finished", type=int, help="finished trials of each experiment")
    arguments.add_argument("--in-flight", type=int, help="Jobs of each experiment")
    arguments.add_argument("--minutes", type=float, help="how long a run takes, on average")
    arguments.add_argument("--window-seconds", type=float, help="how long it is measured")
    given = vars(arguments.parse_args())
    usual = QUICK if given.pop("quick") else USUAL
    return replace(usual, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Podium:
    """Everything that runs while it is measured."""

    size: Size
    folder: Path
    engine: Engine
    plane: ControlPlane
    api: str
    experiments: Sequence[str]
    controllers: Mapping[str, subprocess.Popen[bytes]]

    @classmethod
    def start(cls, folder: Path, size: Size, stack: ExitStack) -> "Podium":
        database_url = stack.enter_context(embedded_postgres(folder / "state"))
        engine = open_engine(database_url)
        stack.callback(engine.dispose)
        experiments = fill(engine, size)
        plane = stack.enter_context(control_plane(folder / "kubernetes", size.nodes))
        (port,) = free_ports(1)
        api = f"http://127.0.0.1:{port}"
        (folder / "pods.yaml").write_text(plane.pod_defaults())
        environment = environment_of(folder, plane, database_url)
        serve = [sys.executable, "-m", "controller", "serve", "--port", str(port)]
        reconcile = [sys.executable, "-m", "benchmarks.stopwatch", str(folder / "stopwatch"), "reconcile"]
        stub = [
            *(sys.executable, "-m", "benchmarks.stub_kubelet", str(plane.folder), plane.url, api),
            *("--nodes", str(size.nodes), "--minutes", str(size.minutes)),
            *("--until-filled", str(folder / "filled"), "--diary", str(folder / "diary")),
        ]
        plane.parts["stub"] = stack.enter_context(process("stub", stub, folder))
        controllers = {
            "serve": stack.enter_context(process("serve", serve, folder, environment)),
            "reconcile": stack.enter_context(process("reconcile", reconcile, folder, environment)),
        }
        wait_for_api(api)
        return cls(
            size=size,
            folder=folder,
            engine=engine,
            plane=plane,
            api=api,
            experiments=experiments,
            controllers=controllers,
        )

    def wait_until_filled(self) -> float:
        """Return how long it took until every slot had its Job."""
        began = time.monotonic()
        sessions = open_sessions(self.engine)
        query = select(func.count()).where(AttemptRow.state == AttemptState.RUNNING)
        while time.monotonic() < began + FILL_SECONDS:
            self.require_alive()
            with transaction(sessions) as session:
                if (session.scalar(query) or 0) >= self.size.jobs:
                    (self.folder / "filled").touch()
                    return time.monotonic() - began
            time.sleep(0.5)
        raise SystemExit(f"the slots were not filled within {FILL_SECONDS:.0f} s; see {self.folder}")

    def measure(self) -> None:
        size, began = self.size, time.time()
        with self.plane.client() as cluster:
            before = api_server_requests.counted(cluster)
            with asking(self.api, questions_about(self.experiments[0])) as answers:
                time.sleep(size.window_seconds)
            requests = api_server_requests.counted(cluster)
            requests.subtract(before)
        seconds = time.time() - began
        self.require_alive()
        diary = list(records(self.folder / "diary"))
        waits = waits_for_next_job(diary, size.in_flight, began, began + seconds - 5)
        ends = sum(len(each) for each in waits.values())
        print(f"\nmeasured for {seconds:.0f} s: {ends} runs ended, {ends / seconds:.2f} a second")
        print(f"load: {load()}")
        print("\nmilliseconds                     p50     p95     max   count")
        print_row("last report to next Job", [wait for each in waits.values() for wait in each])
        watch = seconds_by_what(records(self.folder / "stopwatch"), began)
        for what in ("pass", "suggestion"):
            print_row(what, watch[what])
        print_row("API: a worker's report", seconds_by_what(diary, began)["report"])
        for question, taken in answers.items():
            print_row(f"API: {question}", taken)
        print("\nmemory                           now    peak   (MiB)")
        for name, controller in self.controllers.items():
            now, peak = memory_mib(controller, "VmRSS"), memory_mib(controller, "VmHWM")
            print(f"podium-controller {name:<12}{now:6.0f}  {peak:6.0f}")
        print_requests(requests, ends)

    def require_alive(self) -> None:
        for name, part in {**self.controllers, **self.plane.parts}.items():
            if part.poll() is not None:
                (log,) = self.folder.rglob(f"{name}.log")
                raise SystemExit(f"{name} exited with {part.returncode}:\n{log.read_text()[-2000:]}")


def fill(engine: Engine, size: Size) -> list[str]:
    migrate(engine)
    sessions, now = open_sessions(engine), datetime.now(UTC)
    experiments = []
    for number in range(size.experiments):
        spec = finished_trials.spec_of("scale", parallelism=size.in_flight, seed=number)
        with transaction(sessions) as session:
            experiments.append(finished_trials.add_experiment(session, spec, size.finished, now))
    with transaction(sessions) as session:
        session.execute(text("ANALYZE"))  # as autovacuum would have, long before so many rows came in one by one
    return experiments


def environment_of(folder: Path, plane: ControlPlane, database_url: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
    return inherited | {
        "PODIUM_DATABASE_URL": database_url,
        "PODIUM_SECRET_KEY": secrets.token_hex(32),
        "PODIUM_OPEN": "true",
        "PODIUM_CLUSTER": "kubernetes",
        "PODIUM_NAMESPACE": NAMESPACE,
        "PODIUM_OWNER": OWNER,
        "PODIUM_WORKER_URL": f"http://podium-api.{NAMESPACE}.svc:8080",
        "PODIUM_POD_DEFAULTS": str(folder / "pods.yaml"),
        "PODIUM_ARTIFACTS_URL": (folder / "artifacts").as_uri(),
        "PODIUM_STATE_DIR": str(folder / "state"),
        "KUBECONFIG": str(plane.kubeconfig),
    }


def wait_for_api(api: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ask(api, "/readyz")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def waits_for_next_job(
    diary: Iterable[Record], parallelism: int, since: float, until: float
) -> Mapping[str, list[float]]:
    """Return seconds from a last report to the Job that took its slot, by experiment, for reports in an interval.

    An experiment's n-th end makes room for the n-th Job after those that filled its slots at first.
    """
    seen: dict[tuple[str, str], list[float]] = defaultdict(list)
    for line in diary:
        seen[str(line["what"]), str(line["job"]).rpartition("-t")[0]].append(float(str(line["at"])))
    return {
        experiment: [
            job - end
            for end, job in zip(sorted(ends), sorted(seen["job", experiment])[parallelism:], strict=False)
            if since <= end < until
        ]
        for (what, experiment), ends in list(seen.items())
        if what == "end"
    }


def seconds_by_what(lines: Iterable[Record], since: float) -> Mapping[str, list[float]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        if "seconds" in line and float(str(line["at"])) >= since:
            seconds[str(line["what"])].append(float(str(line["seconds"])))
    return seconds


def records(path: Path) -> Iterator[Record]:
    return (json.loads(line) for line in path.read_text().splitlines() if line.endswith("}"))  # one is being written


def print_row(name: str, seconds: Sequence[float]) -> None:
    if len(seconds) < 2:
        print(f"{name:<30}too few: {len(seconds)}")
        return
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    p50, p95, longest = (1000 * each for each in (cuts[49], cuts[94], max(seconds)))
    print(f"{name:<28}{p50:8.0f}{p95:8.0f}{longest:8.0f}{len(seconds):8}")


def memory_mib(controller: subprocess.Popen[bytes], what: str) -> float:
    """Return what it takes together with the process that its optimizer thinks in."""
    pids = [controller.pid, *(child.pid for child in psutil.Process(controller.pid).children())]
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def print_requests(requests: Counter[str], ends: int) -> None:
    print(f"\nrequests to the API server       total  per run that ended: {requests.total() / max(ends, 1):.1f}")
    for name, count in requests.most_common():
        if count and count / max(ends, 1) >= 0.01:
            print(f"{name:<30}{count:8}{count / max(ends, 1):8.2f}  {api_server_requests.who_asks(name)}")


if __name__ == "__main__":
    main()
