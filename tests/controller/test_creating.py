"""A Job whose creation takes longer than a pass waits for it is mistaken neither for lost nor for an orphan."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest

from controller.cluster import ClusterAway
from controller.jobs import JobRequest
from controller.plan import SeenJob
from tests.service import Service


class Held(Executor):
    """Does nothing until it is let go."""

    def __init__(self) -> None:
        self.held: list[Callable[[], None]] = []

    def submit(self, do: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(do(*args, **kwargs))
            except Exception as error:  # noqa: BLE001  # it is for whoever asks for the result
                future.set_exception(error)

        self.held.append(run)
        return future

    def let_go(self) -> None:
        while self.held:
            self.held.pop(0)()


@pytest.fixture
def held(service: Service) -> Held:
    held, asked = Held(), service.reconciler
    service.reconciler = replace(asked, creators=held, orders=replace(asked.orders, creation_seconds=0.0))
    return held


def test_a_job_that_is_still_being_created_is_left_alone(service: Service, held: Held) -> None:
    experiment_id = service.create(parallelism=2)
    for _ in range(3):
        service.reconciler.reconcile()
    assert len(held.held) == 2, "each is begun once"
    held.let_go()
    service.settle()
    assert len(service.active()) == 2
    assert [run["state"] for run in service.read(f"{experiment_id}/runs")["items"]] == ["running"] * 2


def test_one_that_comes_after_the_jobs_were_read_is_not_taken_for_deleted(service: Service, held: Held) -> None:
    """Its row says that it runs, and the Jobs as they were read do not have it."""
    experiment_id = service.create(parallelism=1)
    service.reconciler.reconcile()
    jobs = service.cluster.jobs

    def jobs_and_then_one_more() -> Mapping[str, SeenJob]:
        seen = jobs()
        held.let_go()
        return seen

    service.cluster.jobs = jobs_and_then_one_more  # type: ignore[method-assign]
    service.reconciler.reconcile()
    service.cluster.jobs = jobs  # type: ignore[method-assign]
    service.settle()
    [run] = service.read(f"{experiment_id}/runs")["items"]
    assert [attempt["state"] for attempt in run["attempts"]] == ["running"]


def test_one_that_is_there_but_not_yet_noted_is_no_orphan(service: Service, held: Held) -> None:
    """A pass in between finds a Job whose row does not say yet that it runs."""
    experiment_id = service.create(parallelism=1)
    service.reconciler.reconcile()
    create = service.cluster.create_job

    def create_and_be_passed(request: JobRequest) -> None:
        create(request)
        service.reconciler.reconcile()

    service.cluster.create_job = create_and_be_passed  # type: ignore[method-assign]
    held.let_go()
    assert len(service.active()) == 1
    service.settle()
    [run] = service.read(f"{experiment_id}/runs")["items"]
    assert [attempt["state"] for attempt in run["attempts"]] == ["running"]


def test_a_cluster_that_goes_away_meanwhile_is_told_by_the_next_pass_and_the_job_is_tried_again(
    service: Service, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[None] = []
    service.reconciler = replace(service.reconciler, wake=lambda: woken.append(None))
    service.create(parallelism=1)
    service.reconciler.reconcile()

    def away(_request: object) -> None:
        raise ClusterAway("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(service.cluster, "create_job", away)
        held.let_go()
    assert woken
    with pytest.raises(ClusterAway):
        service.reconciler.reconcile()
    service.reconciler.reconcile()
    held.let_go()
    service.settle()
    assert len(service.active()) == 1
