"""The whole service in a test: real application, reconciler and database, with a fake cluster and clock."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from controller.api.app import create_app
from controller.api.collaborators import Collaborators
from controller.cluster import JobEvent
from controller.collection import Collector
from controller.dashboard.door import add_dashboard
from controller.experiment import History, Problem, Suggestion
from controller.jobs import JobRequest
from controller.leases.cluster import HereAndElsewhere, LeaseCluster
from controller.meters import Meters, meters_of
from controller.metrics import RowCollector
from controller.oidc.issuer import Issuer
from controller.plan import JobPhase, SeenJob
from controller.reconcile import Orders, Reconciler
from controller.thinking import Judge, Mind, Think, mind_here
from controller.tokens import TokenSigner
from tests.builders import spec_document

API = "/api/v1"
BASELINE = {"learning_rate": 0.1, "batch_size": 64, "nesterov": False}


class Clock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeCluster:
    """A cluster that is a dict. Jobs run until a test ends them."""

    def __init__(self) -> None:
        self.seen: dict[str, SeenJob] = {}
        self.requests: dict[str, JobRequest] = {}
        self.logs: dict[str, str] = {}
        self.events: list[tuple[str, JobEvent]] = []
        self.has_changed = False
        """As a real cluster would say through `watch`."""

    def name(self) -> str:
        return "a cluster of the tests"

    def jobs(self) -> Mapping[str, SeenJob]:
        return dict(self.seen)

    def create_job(self, request: JobRequest) -> None:
        self.requests[request.name] = request
        self.seen.setdefault(request.name, SeenJob(name=request.name, phase=JobPhase.ACTIVE))

    def delete_job(self, name: str) -> None:
        self.has_changed |= self.seen.pop(name, None) is not None

    def log_tail(self, name: str) -> str:
        return self.logs.get(name, "")

    def refresh(self) -> None:
        pass

    def watch(self, wake: Callable[[], None]) -> None:
        pass

    def changed(self) -> None:
        self.has_changed = True

    def close(self) -> None:
        pass

    def tell(self, name: str, event: JobEvent) -> None:
        self.events.append((name, event))

    def exit(self, name: str, code: int | None, log: str = "", **sight: Any) -> None:
        phase = JobPhase.SUCCEEDED if code == 0 else JobPhase.FAILED
        self.seen[name] = SeenJob(name=name, phase=phase, exit_code=code, **sight)
        self.logs[name] = log

    def shows(self, name: str, **sight: Any) -> None:
        """Show something new of a Job that goes on."""
        self.seen[name] = replace(self.seen[name], **sight)
        self.has_changed = True


class AtOnce(Executor):
    """Does what it is given before it returns."""

    def submit(self, do: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(do(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # it is for whoever asks for the result
            future.set_exception(error)
        return future


class Service:
    http: TestClient

    def __init__(
        self,
        engine: Engine,
        sessions: sessionmaker[Session],
        artifacts: Path,
        *,
        admin_token: str | None = None,
        issuer: Issuer | None = None,
    ) -> None:
        self.engine, self.sessions, self.clock, self.cluster = engine, sessions, Clock(), FakeCluster()
        self.signer = TokenSigner(key="k" * 32, lifetime=timedelta(hours=1))
        self.registry = CollectorRegistry()
        self.meters: Meters = meters_of(self.registry)
        self.registry.register(RowCollector(sessions, self.clock))
        self.app = create_app(
            Collaborators(
                engine=engine,
                sessions=sessions,
                signer=self.signer,
                admin_token=admin_token,
                issuer=issuer,
                artifacts_url=artifacts.as_uri(),
                clock=self.clock,
                registry=self.registry,
            )
        )
        add_dashboard(self.app)
        self.think: Think
        self.judge: Judge
        self.think, self.judge = mind_here()
        leases = LeaseCluster(sessions=sessions, clock=self.clock)
        everywhere = HereAndElsewhere(here=self.cluster, elsewhere=leases)
        everywhere.watch(self.cluster.changed)
        self.reconciler = Reconciler(
            sessions=sessions,
            cluster=everywhere,
            signer=self.signer,
            orders=Orders(worker_url="http://podium"),
            clock=self.clock,
            mind=Mind(self._think, self._judge),
            creators=AtOnce(),
            meters=self.meters,
        )
        self.collector = Collector(
            sessions=sessions,
            cluster=self.cluster,
            artifacts_url=artifacts.as_uri(),
            clock=self.clock,
            stopping=threading.Event(),
            meters=self.meters,
        )

    def _think(self, problem: Problem, history: History) -> Suggestion | None:
        return self.think(problem, history)  # looked up each time: tests replace it

    def _judge(self, problem: Problem, history: History) -> frozenset[int]:
        return self.judge(problem, history)

    def create(self, **changes: Any) -> str:
        """Create an experiment and return its id."""
        answer = self.http.post(f"{API}/experiments", json=spec_document(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def read(self, path: str) -> Any:
        answer = self.http.get(f"{API}/experiments/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settle(self) -> None:
        """Reconcile until nothing wakes the reconciler any more."""
        for _ in range(100):
            self.cluster.has_changed = False
            if self.reconciler.reconcile() > 0 and not self.cluster.has_changed:
                return
        raise AssertionError("the reconciler does not come to rest")

    def token(self, job: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cluster.requests[job].token}"}

    def assignment(self, job: str) -> Any:
        answer = self.http.get(f"{API}/run", headers=self.token(job))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def report(self, job: str, epoch: int, value: float = 0.5, **metrics: float) -> Any:
        """Report one epoch as the Job's worker would; return the answer."""
        body = {"epoch": epoch, "metrics": {"val_accuracy": value, **metrics}, "seconds": 1.0}
        return self.http.post(f"{API}/run/measurements", headers=self.token(job), json=body)

    def progress(self, job: str, epoch: int, share: float, **metrics: float) -> Any:
        """Tell how far an epoch is as the Job's worker would; return the answer."""
        body = {"epoch": epoch, "share": share, "metrics": metrics, "samples_per_second": 96.0}
        return self.http.post(f"{API}/run/progress", headers=self.token(job), json=body)

    def tell_data(self, job: str, images: str = "a" * 64, held_out: str = "b" * 64) -> Any:
        """Tell what the Job's worker trains on; return the answer."""
        body = {"images": images, "held_out": held_out}
        return self.http.post(f"{API}/run/data", headers=self.token(job), json=body)

    def finish(self, job: str, value: float = 0.5, **metrics: float) -> None:
        """Train a Job to its target and exit."""
        given = self.assignment(job)
        for epoch in range(given["from_epoch"] + 1, given["to_epoch"] + 1):
            answer = self.report(job, epoch, value, **metrics)
            assert answer.status_code == 200, answer.text
        self.cluster.exit(job, 0)

    def active(self) -> list[str]:
        return sorted(name for name, job in self.cluster.seen.items() if job.phase is JobPhase.ACTIVE)

    def fail_on(self, node: str) -> list[str]:
        """Create an experiment whose trials fail on a node, all but one that succeeds elsewhere; return their Jobs."""
        self.create(parallelism=4, max_attempts=1)
        self.settle()
        *failing, good = self.active()
        self.finish(good)
        self.cluster.exit(good, 0, node="good")
        self.settle()
        for job in failing:
            self.cluster.exit(job, 1, node=node)
            self.settle()
        return failing
