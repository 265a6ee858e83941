"""Workers are deleted, drained, starved, kept from starting, silent, or a hundred at once."""

import time

import pytest

from podium import quantity
from tests.e2e.books import check_books, endings
from tests.e2e.installation import GATE, OURS, Installation
from tests.waiting import wait_for

WORKERS = "app.kubernetes.io/component=worker"
LONG_EPOCH_SECONDS = "5"
"""On a machine at work a command needs seconds to reach a worker, which must not have ended by then."""
TO_SPARE = {"cost": 40.0}
"""More than is spent while Pods are deleted one after the other; `finish` takes the rest back."""


def test_a_workers_pod_that_is_deleted_goes_on_from_its_checkpoint(podium: Installation) -> None:
    experiment_id = podium.create(budget=TO_SPARE, env={"EPOCH_SECONDS": LONG_EPOCH_SECONDS})
    deleted = 3
    for _ in range(deleted):
        pod = running_worker(podium)
        podium.kubectl("delete", "pod", pod, "--wait=false")
        podium.kubectl("wait", "--for=delete", "--timeout=60s", f"pod/{pod}")
    podium.finish(experiment_id)
    found = endings(podium, experiment_id)
    assert found.keys() == {"succeeded", "preempted"}
    assert found["preempted"] <= deleted
    check_books(podium, experiment_id, repeated_epochs=deleted)


def test_a_drained_node_costs_no_trial_anything(podium: Installation) -> None:
    experiment_id = podium.create(env={"EPOCH_SECONDS": LONG_EPOCH_SECONDS})
    running_worker(podium)
    (node,) = podium.names("nodes")
    drain = ("drain", node, f"--pod-selector={WORKERS}", "--force", "--delete-emptydir-data", "--timeout=60s")
    try:
        podium.kubectl(*drain)
    finally:
        podium.kubectl("uncordon", node)
    podium.wait_until(experiment_id, "completed")
    found = endings(podium, experiment_id)
    assert found.keys() == {"succeeded", "preempted"}
    assert found["preempted"] <= 2 * 3, "each of three workers, and again when its next Pod met the cordon"
    check_books(podium, experiment_id, repeated_epochs=found["preempted"])


def test_a_worker_that_outgrows_its_memory_is_tried_once_more_with_more(podium: Installation) -> None:
    limits = set()
    experiment_id = podium.create(
        budget={"cost": 1.0},
        parallelism=1,
        env={"MISBEHAVIOUR": "eats memory at first"},
        trial={"resources": {"requests": {"cpu": "5m"}, "limits": {"memory": "128Mi"}}, "outOfMemoryFactor": 2},
    )

    def is_completed() -> bool:
        for job in podium.objects("jobs", OURS):
            (container,) = job["spec"]["template"]["spec"]["containers"]
            limit = quantity.amount(container["resources"]["limits"]["memory"])
            limits.add((job["metadata"]["labels"]["podium.dev/attempt"], int(limit / 2**20)))
        return bool(podium.get(experiment_id)["state"] == "completed")

    wait_for(is_completed, "it completes", 240)
    found = endings(podium, experiment_id)
    assert found.keys() == {"out of memory", "succeeded"}
    assert found["out of memory"] == len(podium.all_of(f"{experiment_id}/trials"))
    assert limits - {("1", 256)} == {("1", 128), ("2", 256)}, "a later run of the trial starts with what it needed"
    attempts = podium.all_of(f"{experiment_id}/attempts")
    assert {each["exit_code"] for each in attempts if each["end_reason"] == "out of memory"} == {137}
    check_books(podium, experiment_id)


def test_a_job_deleted_by_hand_is_followed_by_another_attempt(podium: Installation) -> None:
    experiment_id = podium.create(budget=TO_SPARE, env={"EPOCH_SECONDS": LONG_EPOCH_SECONDS})
    for _ in range(2):
        pod = running_worker(podium)
        job = podium.kubectl("get", "pod", pod, "--output", "jsonpath={.metadata.labels.job-name}")
        podium.kubectl("delete", "job", job, "--wait=false")
    podium.finish(experiment_id)
    found = endings(podium, experiment_id)
    assert found.keys() == {"succeeded", "preempted"}
    assert found["preempted"] <= 2
    check_books(podium, experiment_id, repeated_epochs=2)


NO_IMAGE = {"image": "registry.invalid/podium-nowhere:0"}
NO_NODE = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        pytest.param(NO_IMAGE, "registry.invalid/podium-nowhere", id="image"),
        pytest.param(NO_NODE, "Insufficient nvidia.com/gpu", id="gpu", marks=pytest.mark.long),
    ],
)
def test_what_cannot_start_pauses_the_experiment_in_the_clusters_own_words(
    podium: Installation, trial: dict[str, object], words: str
) -> None:
    experiment_id = podium.create(trial=trial)
    podium.wait_until(experiment_id, "paused", 180)
    message = podium.get(experiment_id)["message"]
    assert words in message
    assert "podium resume" in message
    assert endings(podium, experiment_id).keys() <= {"image or scheduling", None}
    assert podium.diary(experiment_id) == []


def test_a_worker_that_never_reports_is_given_up(podium: Installation) -> None:
    experiment_id = podium.create(max_attempts=2, trial={"silenceSeconds": 4}, env={"MISBEHAVIOUR": "never reports"})
    podium.wait_until(experiment_id, "paused", 240)
    ended = [each for each in podium.all_of(f"{experiment_id}/attempts") if each["state"] == "ended"]
    assert {each["end_reason"] for each in ended} == {"bug"}
    assert len(ended) >= 3 * 2, "three runs, two attempts each"
    assert all("without a report" in each["detail"] for each in ended)


@pytest.mark.long
def test_100_trials_run_in_parallel(podium: Installation) -> None:
    began = time.monotonic()
    experiment_id = podium.create(
        fidelity={"rungs": {"full": 1}}, budget={"cost": 100.0}, parallelism=100, env={"GATE": GATE}
    )
    wait_for(lambda: len(podium.names("jobs", OURS)) == 100, "100 Jobs are there", 300)
    created = time.monotonic() - began
    podium.inside_reconciler("touch", GATE)
    podium.wait_until(experiment_id, "completed", 600)
    print(f"100 Jobs after {created:.0f} s, 100 results after {time.monotonic() - began:.0f} s")
    assert len(podium.all_of(f"{experiment_id}/trials")) == 100
    assert endings(podium, experiment_id) == {"succeeded": 100}
    check_books(podium, experiment_id)


def running_worker(podium: Installation) -> str:
    """Return a worker's Pod that runs, once there is one."""
    running: list[str] = []

    def is_there() -> bool:
        running[:] = [
            pod["metadata"]["name"]
            for pod in podium.objects("pods", WORKERS)
            if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
        ]
        return bool(running)

    wait_for(is_there, "a worker runs", 90)
    return running[0]
