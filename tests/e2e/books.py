"""What was trained against what Podium remembers: nothing lost, nothing counted twice, nothing left over."""

from collections import Counter

from tests.e2e.installation import OURS, Installation
from tests.waiting import wait_for

GONE_SECONDS = 180
"""An old kubelet that is to end a Pod waits up to two minutes for the Secret that went at the same moment."""


def check_books(podium: Installation, experiment_id: str, *, repeated_epochs: int = 0) -> None:
    """Fail unless every measurement is there once and the Jobs are gone.

    `repeated_epochs`: how many epochs may have been trained again, since their worker died before it could report them.
    """
    spec = podium.get(experiment_id)["spec"]
    full = max(spec["fidelity"]["rungs"].values())
    runs = podium.all_of(f"{experiment_id}/runs")
    assert {run["end_reason"] for run in runs} == {"succeeded"}
    spent = podium.get(experiment_id)["progress"]["cost_spent"]
    assert spent == sum(run["to_epoch"] - run["from_epoch"] for run in runs) / full
    assert spent <= spec["budget"]["cost"]

    trained = Counter(podium.diary(experiment_id))
    assert sum(trained.values()) - len(trained) <= repeated_epochs, f"trained again: {trained - Counter(set(trained))}"
    remembered = measured(podium, experiment_id)
    assert remembered == set(trained), "what was trained is what is remembered"
    counted = ", ".join(f"{count} {reason}" for reason, count in endings(podium, experiment_id).items())
    again = sum(trained.values()) - len(trained)
    print(f"{len(runs)} runs; attempts: {counted}; {len(remembered)} measurements, {again} epochs trained again")
    mine = f"{OURS},podium.dev/experiment={experiment_id}"
    for kind in ("jobs", "pods", "secrets"):
        wait_for(lambda kind=kind: podium.names(kind, mine) == [], f"no {kind} of it are left", GONE_SECONDS)  # type: ignore[misc]  # a default binds it
    wait_for(lambda: attempt_states(podium, experiment_id) == {"ended"}, "all attempts ended")


def measured(podium: Installation, experiment_id: str) -> set[tuple[int, int]]:
    """Return each (trial, epoch) that has a measurement, after a look at what the measurements say."""
    found = set()
    for trial in podium.all_of(f"{experiment_id}/trials"):
        measurements = podium.get(f"{experiment_id}/trials/{trial['number']}")["measurements"]
        by_epoch = {each["epoch"]: each["metrics"] for each in measurements}
        assert len(by_epoch) == len(measurements), "no epoch counts twice"
        assert sorted(by_epoch) == list(range(1, trial["reached_epoch"] + 1)), "no measurement is lost"
        for epoch, metrics in by_epoch.items():
            assert metrics["total"] == epoch * (epoch + 1) / 2, "no epoch was lost or done twice within a lineage"
        assert trial["value"] == by_epoch[trial["reached_epoch"]]["score"]
        found |= {(trial["number"], epoch) for epoch in by_epoch}
    return found


def attempt_states(podium: Installation, experiment_id: str) -> set[str]:
    return {attempt["state"] for attempt in podium.all_of(f"{experiment_id}/attempts")}


def endings(podium: Installation, experiment_id: str) -> Counter[str]:
    """Count the attempts by why they ended."""
    return Counter(attempt["end_reason"] for attempt in podium.all_of(f"{experiment_id}/attempts"))
