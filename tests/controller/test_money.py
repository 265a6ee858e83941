"""A budget of money: what Pods cost is spent, and the search ends when it is gone."""

import pytest

from tests.service import API, Service

TRIAL = {"command": ["true"], "pricePerHour": 3600.0}
"""A second costs 1."""


@pytest.mark.parametrize(("money", "runs"), [(22.0, 5), (19.9, 4), (1000.0, 8)])
def test_the_search_ends_when_its_money_is_gone(service: Service, money: float, runs: int) -> None:
    """A full training takes four seconds of a Pod's time: after five of them there is no room for a sixth."""
    experiment_id = service.create(
        fidelity={"rungs": {"full": 4}}, budget={"runs": 8, "money": money}, parallelism=1, trial=TRIAL
    )
    for _ in range(10):
        service.settle()
        for job in service.active():
            for epoch in (1, 2, 3, 4):
                service.clock.advance(1)
                service.report(job, epoch)
            service.cluster.exit(job, 0)
    found = service.read(experiment_id)
    assert (found["state"], found["progress"]["runs_started"]) == ("completed", runs)
    assert found["progress"]["money"] == pytest.approx(4 * runs, abs=0.01)


def test_money_can_be_given_to_a_search_that_runs(service: Service) -> None:
    experiment_id = service.create(budget={"runs": 50}, trial=TRIAL)
    changed = service.http.patch(f"{API}/experiments/{experiment_id}", json={"budget": {"money": 2}})
    assert (changed.status_code, changed.json()["spec"]["budget"]["money"]) == (200, 2.0)
