"""What running Jobs print, read beside the reconciler while somebody watches, and what may go wrong with it."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from controller import attempts
from controller.actions import EndAttempt
from controller.cluster import ClusterAway
from controller.database import WATCH_CHANNEL, transaction
from controller.live_output import LiveOutput
from controller.onlookers import EVERY, LAST_WORDS
from podium.taxonomy import EndReason
from tests.service import API, FakeCluster, Service
from tests.waiting import wait_for


def test_whoever_reads_a_trial_tells_the_leader_of_what_runs(service: Service, database_url: str) -> None:
    experiment_id = service.create(parallelism=1)
    conninfo = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"LISTEN {WATCH_CHANNEL}")

        def told_by(path: str) -> list[str]:
            assert service.http.get(path).status_code == 200, path
            return [notice.payload for notice in connection.notifies(timeout=0.2, stop_after=1)]

        trial = f"{API}/experiments/{experiment_id}/trials/1"
        service.settle()
        [job] = service.active()
        assert told_by(trial) == []
        assert told_by(f"{trial}?live=true") == [job]
        assert told_by(f"/parts/experiments/{experiment_id}/trials/1") == [job], "the page that is open"
        service.cluster.exit(job, 65)
        service.settle()
        assert told_by(f"{trial}?live=true") == []


@pytest.fixture
def live(service: Service) -> Iterator[LiveOutput]:
    live = live_output(service, service.cluster)
    yield live
    live.close()


def live_output(service: Service, cluster: FakeCluster) -> LiveOutput:
    return LiveOutput(sessions=service.sessions, cluster=cluster, clock=service.clock, wake=lambda: None)


def kept(service: Service, experiment_id: str, number: int = 1) -> str:
    return str(service.read(f"{experiment_id}/trials/{number}")["runs"][0]["attempts"][0]["log_tail"])


def look(live: LiveOutput) -> None:
    """Look until nothing is being read."""
    live.look()
    wait_for(lambda: all(each.done() for each in live._reading.values()), "what is read")
    live.look()


def test_what_is_watched_is_read_at_most_every_two_seconds(service: Service, live: LiveOutput) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.cluster.logs[job] = "one"
    look(live)
    assert kept(service, experiment_id) == "", "nobody watches"
    live.watch(job)
    look(live)
    assert kept(service, experiment_id) == "one"
    service.cluster.logs[job] = "one\ntwo \0"
    live.watch(job)
    look(live)
    assert kept(service, experiment_id) == "one", "it was read a moment ago"
    service.clock.advance(EVERY.total_seconds())
    look(live)
    assert kept(service, experiment_id) == "one\ntwo \N{REPLACEMENT CHARACTER}"
    service.cluster.logs[job] = ""
    service.clock.advance(EVERY.total_seconds())
    look(live)
    assert kept(service, experiment_id) != "", "what cannot be read takes nothing away"


def test_the_end_of_an_attempt_is_not_overwritten_by_what_was_read_before(service: Service) -> None:
    experiment_id = service.create(parallelism=1, max_attempts=1)
    service.settle()
    [job] = service.active()

    def show_late() -> None:
        with transaction(service.sessions) as session:
            attempts.show_output(session, job, "begun")

    late = threading.Thread(target=show_late)
    with transaction(service.sessions) as session:
        attempts.end_attempt(session, EndAttempt(job, EndReason.INFEASIBLE, 65, "NaN"), "the end", service.clock())
        late.start()
        late.join(0.3)
        assert late.is_alive(), "it waits for the row"
    late.join(10)
    assert kept(service, experiment_id) == "the end"
    show_late()
    assert kept(service, experiment_id) == "the end"


def test_an_end_whose_words_are_not_had_keeps_what_was_seen(service: Service, live: LiveOutput) -> None:
    experiment_id = service.create(parallelism=1, max_attempts=1)
    service.settle()
    [job] = service.active()
    service.cluster.logs[job] = "before the node was lost"
    live.watch(job)
    look(live)
    service.cluster.exit(job, 1, log="")
    service.settle()
    assert kept(service, experiment_id) == "before the node was lost"


class HangingCluster(FakeCluster):
    """Reading some outputs takes until the test's end, others fail."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()
        self.hangs: set[str] = set()
        self.fails: dict[str, Exception] = {}

    def log_tail(self, name: str) -> str:
        if name in self.hangs:
            self.goes_on.wait(60)
        if name in self.fails:
            raise self.fails[name]
        return super().log_tail(name)


@pytest.mark.parametrize("fault", [None, ClusterAway("away"), RuntimeError("a fault")], ids=str)
def test_an_output_that_cannot_be_read_holds_up_neither_others_nor_the_reconciler(
    service: Service, fault: Exception | None
) -> None:
    cluster = HangingCluster()
    live = live_output(service, cluster)
    experiment_id = service.create(parallelism=2)
    service.settle()
    bad, good = service.active()
    if fault is None:
        cluster.hangs = {bad}
    else:
        cluster.fails = {bad: fault}
    cluster.logs[good] = "it goes on"
    object.__setattr__(service.reconciler, "may_go", live.may_go)
    live.watch(bad)
    live.watch(good)
    try:
        live.look()
        wait_for(live._reading[good].done, "the other is read")
        live.look()
        assert {kept(service, experiment_id, number) for number in (1, 2)} == {"", "it goes on"}
        service.finish(bad)
        service.reconciler.reconcile()
        assert bad in service.cluster.seen, "its last words are not had"
        passes: list[bool] = []
        object.__setattr__(live, "wake_reconciler", lambda: passes.append(True))
        live.look()
        assert passes == []
        service.clock.advance(LAST_WORDS.total_seconds())
        live.look()
        assert passes, "the next pass may be half a minute away"
        service.settle()
        assert bad not in service.cluster.seen, "they are not waited for any longer"
    finally:
        cluster.goes_on.set()
        live.close()


def test_an_output_that_cannot_be_kept_keeps_no_other_from_being_shown(
    service: Service, live: LiveOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment_id = service.create(parallelism=2)
    service.settle()
    show = attempts.show_output

    def picky(session: Session, job: str, tail: str) -> None:
        if tail == "no":
            raise ValueError(tail)
        show(session, job, tail)

    monkeypatch.setattr(attempts, "show_output", picky)
    for job, tail in zip(service.active(), ("no", "yes"), strict=True):
        service.cluster.logs[job] = tail
        live.watch(job)
    look(live)
    assert {kept(service, experiment_id, number) for number in (1, 2)} == {"", "yes"}


def test_a_watched_job_is_deleted_once_its_last_words_are_read(service: Service, live: LiveOutput) -> None:
    woken: list[bool] = []
    object.__setattr__(live, "wake_reconciler", lambda: woken.append(True))
    object.__setattr__(service.reconciler, "may_go", live.may_go)
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    live.watch(job)
    look(live)
    service.finish(job)
    service.cluster.logs[job] = "goodbye"
    service.reconciler.reconcile()
    assert (job in service.cluster.seen, woken) == (True, [])
    look(live)
    assert woken
    service.reconciler.reconcile()
    assert job not in service.cluster.seen
    live.look()
    assert not live._reading, "nothing is read of what is deleted"
    service.settle()
    assert kept(service, experiment_id) == "goodbye"


def test_the_page_of_a_trial_tells_what_runs_from_what_has_ended(service: Service, live: LiveOutput) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    service.cluster.logs[job] = "<b>epoch 1</b>"
    live.watch(job)
    look(live)
    page: Any = service.http.get(f"/parts/experiments/{experiment_id}/trials/1").text
    assert "What it prints" in page
    assert "&lt;b&gt;epoch 1&lt;/b&gt;" in page
    service.cluster.exit(job, 65, log="the loss is NaN")
    service.settle()
    page = service.http.get(f"/parts/experiments/{experiment_id}/trials/1").text
    assert "End of the log" in page
    assert "What it prints" not in page
