"""A Job that ended while no controller looked ended when it did: hours and money are not those of the absence."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from podium.asked import GiveUp
from tests.service import API, Service

DAYS = timedelta(days=3).total_seconds()
TRIAL = {"command": ["true"], "pricePerHour": 3600.0}
"""A second costs 1."""


def begun(service: Service) -> tuple[str, str]:
    """Return an experiment and its first Job, which has run for a second."""
    experiment_id = service.create(fidelity={"rungs": {"full": 4}}, parallelism=1, trial=TRIAL, budget={"runs": 1})
    service.settle()
    [job] = service.active()
    service.cluster.shows(job, started_at=service.clock.now, node="node1")
    service.settle()
    service.clock.advance(1)
    return experiment_id, job


def attempts(service: Service, experiment_id: str) -> Any:
    return service.read(f"{experiment_id}/attempts")["items"]


def lasted(attempt: Any) -> float:
    """Return an attempt's seconds."""
    began, ended = (datetime.fromisoformat(attempt[name]) for name in ("started_at", "ended_at"))
    return (ended - began).total_seconds()


def test_one_that_failed_bears_its_own_end(service: Service) -> None:
    experiment_id, job = begun(service)
    service.cluster.exit(job, 75, ended_at=service.clock.now, started_at=service.clock.now - timedelta(seconds=1))
    service.clock.advance(DAYS)
    service.settle()
    first = attempts(service, experiment_id)[0]
    assert lasted(first) == pytest.approx(1, abs=0.01)
    [arm] = service.http.get(f"{API}/reports", params={"experiment": experiment_id}).json()["arms"]
    assert arm["compute"]["money"] == pytest.approx(1, abs=0.01)
    assert arm["compute"]["hours"] * 3600 == pytest.approx(1, abs=0.01)


def test_one_that_started_and_ended_unseen_held_its_slot_as_long_as_it_ran(service: Service) -> None:
    experiment_id = service.create(parallelism=1, trial=TRIAL, budget={"runs": 1})
    service.settle()
    [job] = service.active()
    began = service.clock.now + timedelta(seconds=10)
    service.clock.advance(DAYS)
    service.cluster.exit(job, 75, started_at=began, ended_at=began + timedelta(seconds=5))
    service.settle()
    assert lasted(attempts(service, experiment_id)[0]) == 5
    assert service.read(experiment_id)["progress"]["money"] == pytest.approx(5)


def test_one_whose_result_is_in_keeps_its_end_once_its_job_is_gone(service: Service) -> None:
    experiment_id, job = begun(service)
    service.finish(job)
    service.cluster.exit(job, 0, ended_at=service.clock.now + timedelta(seconds=2))
    service.clock.advance(DAYS)
    service.settle()
    [attempt] = attempts(service, experiment_id)
    assert attempt["state"] == "ended"
    assert lasted(attempt) == pytest.approx(3, abs=0.01)
    assert service.read(experiment_id)["progress"]["money"] == pytest.approx(3, abs=0.01)


def test_where_the_cluster_has_forgotten_a_job_whose_result_is_in_it_lingered_for_a_minute(service: Service) -> None:
    experiment_id, job = begun(service)
    service.finish(job)
    service.cluster.delete_job(job)
    service.clock.advance(DAYS)
    service.settle()
    [attempt] = attempts(service, experiment_id)
    assert attempt["state"] == "ended"
    assert lasted(attempt) == pytest.approx(61, abs=0.01)


def test_an_end_before_what_was_heard_or_after_now_is_a_clock_that_differs(service: Service) -> None:
    experiment_id, job = begun(service)
    service.report(job, 1)
    heard_at = service.clock.now
    service.cluster.exit(job, 75, ended_at=heard_at - timedelta(seconds=30))
    service.settle()
    assert datetime.fromisoformat(attempts(service, experiment_id)[0]["ended_at"]) >= heard_at - timedelta(seconds=1)
    service.clock.advance(60)
    service.settle()
    [job] = service.active()
    service.cluster.exit(job, 75, ended_at=service.clock.now + timedelta(hours=1))
    service.settle()
    assert datetime.fromisoformat(attempts(service, experiment_id)[1]["ended_at"]) <= service.clock.now


@pytest.mark.parametrize(("gives_up", "seconds"), [(True, 20.0), (False, 60.0)])
def test_a_lease_ends_when_it_was_given_up_or_was_over(service: Service, *, gives_up: bool, seconds: float) -> None:
    experiment_id = service.create(trial={"external": True}, baseline=None, parallelism=1)
    service.settle()
    asked = service.http.post(f"{API}/experiments/{experiment_id}/suggestions", json={"lease_seconds": 60}).json()
    service.clock.advance(20)
    if gives_up:
        headers = {"Authorization": f"Bearer {asked['suggestion']['token']}"}
        body = {"reason": GiveUp.PREEMPTED, "detail": "the machine is needed"}
        assert service.http.post(f"{API}/run/end", headers=headers, json=body).status_code == 204
    service.clock.advance(DAYS)
    service.settle()
    assert lasted(attempts(service, experiment_id)[0]) == pytest.approx(seconds, abs=0.01)
