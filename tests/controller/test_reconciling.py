"""The reconciler as a process has it: leader and standby side by side, with their probes."""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import Engine

from controller.database import open_engine
from controller.plan import SeenJob
from controller.service import Parts, reconciling
from controller.settings import Settings
from tests.service import FakeCluster

URL = "http://podium"


def test_leader_and_standby_are_healthy_and_only_one_is_active(engine: Engine, database_url: str) -> None:
    leader, standby = free_port(), free_port()
    with reconciling(parts(engine, database_url, leader), FakeCluster(), URL):
        wait_until(lambda: sample(leader, "podium_reconcile_last_pass_timestamp_seconds") > 0)
        with reconciling(parts(engine, database_url, standby), FakeCluster(), URL):
            time.sleep(0.5)
            for port in (leader, standby):
                assert (status(port, "/healthz"), status(port, "/readyz")) == (200, 200)
                assert sample(port, "process_resident_memory_bytes") > 0
            assert sample(leader, "podium_reconciler_active") == 1
            assert sample(leader, "podium_reconcile_lag_seconds_count") > 0
            assert sample(standby, "podium_reconciler_active") == 0
            assert sample(standby, "podium_reconcile_seconds_count") == 0


class HangingCluster(FakeCluster):
    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def jobs(self) -> Mapping[str, SeenJob]:
        self.goes_on.wait(60)
        return {}


def test_a_loop_that_hangs_is_not_healthy_until_it_goes_on(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.pulse.STUCK_SECONDS", 1.0)
    port, cluster = free_port(), HangingCluster()
    with reconciling(parts(engine, database_url, port), cluster, URL):
        try:
            wait_until(lambda: status(port, "/healthz") == 503)
            assert status(port, "/readyz") == 200
        finally:
            cluster.goes_on.set()
        wait_until(lambda: status(port, "/healthz") == 200)


def test_without_the_database_a_reconciler_is_healthy_and_not_ready(database_url: str) -> None:
    port, nowhere = free_port(), "postgresql://127.0.0.1:1/none"
    with reconciling(parts(open_engine(nowhere), nowhere, port), FakeCluster(), URL):
        wait_until(lambda: status(port, "/healthz") == 200)
        assert status(port, "/readyz") == 503
        assert sample(port, "podium_reconciler_active") == 0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def parts(engine: Engine, database_url: str, port: int) -> Parts:
    settings = Settings(secret_key=SecretStr("k" * 32), metrics_port=port, resync_seconds=0.2)
    return Parts(settings=settings, engine=engine, database_url=database_url)


def status(port: int, path: str) -> int:
    return get(port, path)[0]


def sample(port: int, name: str) -> float:
    families = text_string_to_metric_families(get(port, "/metrics")[1])
    return next(each.value for family in families for each in family.samples if each.name == name)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
