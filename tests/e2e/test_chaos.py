"""Kill anything, cut anything, take anything away: no observation is lost, none counts twice, no Job is left over.

CHAOS_SEED chooses the moments, CHAOS_KILLS how often the leader is killed. Workers are stubs, so that a trial takes
seconds; everything else is real.
"""

import os
import random
import time
from collections.abc import Iterator
from functools import partial

import pytest

from podium import quantity
from tests.e2e.books import GONE_SECONDS, check_books, endings
from tests.e2e.installation import API, LOCK, OURS, Installation
from tests.e2e.nodes import DebianNode
from tests.e2e.shell import run
from tests.waiting import wait_for

SEED = int(os.environ.get("CHAOS_SEED", "7"))
KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
"""Each takes half a minute on two cores, until another reconciler stands by: CI has fewer."""
TAKEOVER_SECONDS = 15
WORKERS = "app.kubernetes.io/component=worker"


@pytest.fixture(autouse=True)
def nothing_else_runs(podium: Installation) -> Iterator[None]:
    """A test that failed must not take the next one along."""
    yield
    for experiment in podium.http.get(API).json()["items"]:
        if experiment["state"] in ("running", "paused"):
            podium.http.post(f"{API}/{experiment['id']}/stop")
    wait_for(lambda: podium.names("jobs", OURS) == [], "no Job is left over", GONE_SECONDS)


def test_a_reconciler_killed_again_and_again_loses_nothing_and_the_other_takes_over(podium: Installation) -> None:
    moments = random.Random(SEED)
    podium.kubectl("scale", "deployment/podium-reconciler", "--replicas=4")  # one stands by while others start
    experiment_id = podium.create(budget={"cost": 200.0})
    takeovers = []
    for _ in range(KILLS):
        wait_for(partial(has_standby, podium), "one leads and another stands by", 120)
        time.sleep(moments.uniform(0.0, 3.0))
        victim = active(podium)
        podium.node.signal("KILL", podium.namespace, victim)
        takeovers.append(wait_for(partial(another_leads, podium, victim), "another leads"))
        # The kubelet would restart it ever later, up to 5 minutes; what is tested is the next kill, not its patience.
        podium.kubectl("delete", "pod", victim, "--wait=false")
    print(f"{KILLS} takeovers, in {', '.join(f'{seconds:.1f}' for seconds in sorted(takeovers))} s")
    assert max(takeovers) < TAKEOVER_SECONDS
    podium.kubectl("scale", "deployment/podium-reconciler", "--replicas=2")
    podium.finish(experiment_id)
    assert {attempt["number"] for attempt in podium.all_of(f"{experiment_id}/attempts")} == {1}
    check_books(podium, experiment_id)


def test_an_api_killed_whole_and_twice_costs_nothing(podium: Installation) -> None:
    experiment_id = podium.create()
    for _ in range(2):
        time.sleep(2)
        for pod in podium.pods_of("api"):
            podium.node.signal("KILL", podium.namespace, pod)
        wait_for(lambda: not podium.is_ready(), "the API is gone", 20)
        wait_for(podium.is_ready, "the API is back", 90)
    podium.wait_until(experiment_id, "completed")
    assert endings(podium, experiment_id).keys() == {"succeeded"}
    check_books(podium, experiment_id)


def test_a_postgres_killed_twice_costs_nothing(podium: Installation) -> None:
    experiment_id = podium.create()
    for _ in range(2):
        time.sleep(2)
        podium.node.signal("KILL", podium.namespace, "podium-postgres-0")
        wait_for(lambda: not podium.is_ready(), "the API says that it is not ready", 20)
        wait_for(podium.is_ready, "the database is back", 90)
    podium.wait_until(experiment_id, "completed")
    assert endings(podium, experiment_id).keys() == {"succeeded"}
    check_books(podium, experiment_id)


def test_an_api_server_that_is_gone_for_60_seconds_costs_time_and_nothing_else(podium: Installation) -> None:
    experiment_id = podium.create(env={"EPOCH_SECONDS": "2"})
    wait_for(lambda: len(podium.diary(experiment_id)) >= 2, "workers train")
    podium.node.stop("apiserver")
    try:
        began = time.monotonic()
        while time.monotonic() - began < 60:
            assert podium.http.get(f"{API}/{experiment_id}").status_code == 200, "Podium's own API needs no cluster"
            time.sleep(1)
    finally:
        podium.node.start("apiserver")
    wait_for(lambda: is_reached(podium), "the API server answers again")
    podium.wait_until(experiment_id, "completed")
    assert endings(podium, experiment_id).keys() == {"succeeded"}
    check_books(podium, experiment_id)


def test_watches_that_are_cut_are_taken_up_again(podium: Installation) -> None:
    experiment_id = podium.create(budget={"cost": 8.0})
    for _ in range(4):
        time.sleep(3)
        podium.node.stop("apiserver")  # with it go all its connections, at once
        podium.node.start("apiserver")
        wait_for(lambda: is_reached(podium), "the API server answers again")
    podium.wait_until(experiment_id, "completed")
    assert endings(podium, experiment_id).keys() == {"succeeded"}
    check_books(podium, experiment_id)


def test_a_watch_that_falls_silent_is_noticed(podium: Installation, shell_of_debian: DebianNode) -> None:
    """The server forgets the connection and the client never hears of it, as behind a firewall that drops flows."""
    experiment_id = podium.create(budget={"cost": 8.0})
    leader = active(podium)
    address = podium.kubectl("get", "pod", leader, "--output", "jsonpath={.status.podIP}")
    silence = [
        ["INPUT", "--source", address, "--protocol", "tcp", "--dport", "6443", "--jump", "DROP"],
        ["OUTPUT", "--destination", address, "--protocol", "tcp", "--sport", "6443", "--jump", "DROP"],
    ]
    for rule in silence:
        run("iptables", "--insert", *rule)
    try:
        shell_of_debian.stop("apiserver")
        time.sleep(2)
    finally:
        for rule in silence:
            run("iptables", "--delete", *rule)
        shell_of_debian.start("apiserver")
    wait_for(lambda: is_reached(podium), "the API server answers again")
    podium.wait_until(experiment_id, "completed")
    assert endings(podium, experiment_id).keys() == {"succeeded"}
    check_books(podium, experiment_id)


def test_a_workers_pod_that_is_deleted_goes_on_from_its_checkpoint(podium: Installation) -> None:
    experiment_id = podium.create(env={"EPOCH_SECONDS": "1.5"})
    deleted = 0
    for _ in range(3):
        pod = running_worker(podium)
        podium.kubectl("delete", "pod", pod, "--wait=false")
        deleted += 1
        podium.kubectl("wait", "--for=delete", "--timeout=60s", f"pod/{pod}")
    podium.wait_until(experiment_id, "completed")
    found = endings(podium, experiment_id)
    assert found.keys() <= {"succeeded", "preempted"}
    assert found["preempted"] <= deleted
    check_books(podium, experiment_id, repeated_epochs=deleted)


def test_a_drained_node_costs_no_trial_anything(podium: Installation) -> None:
    experiment_id = podium.create(env={"EPOCH_SECONDS": "1.5"})
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
    experiment_id = podium.create(env={"EPOCH_SECONDS": "1.5"})
    for _ in range(2):
        pod = running_worker(podium)
        job = podium.kubectl("get", "pod", pod, "--output", "jsonpath={.metadata.labels.job-name}")
        podium.kubectl("delete", "job", job, "--wait=false")
    podium.wait_until(experiment_id, "completed")
    found = endings(podium, experiment_id)
    assert found.keys() == {"succeeded", "preempted"}
    assert found["preempted"] <= 2
    check_books(podium, experiment_id, repeated_epochs=2)


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        pytest.param({"image": "registry.invalid/podium-nowhere:0"}, "registry.invalid/podium-nowhere", id="image"),
        pytest.param({"resources": {"limits": {"nvidia.com/gpu": "1"}}}, "Insufficient nvidia.com/gpu", id="gpu"),
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


def test_two_reconcilers_at_once_start_nothing_twice(podium: Installation) -> None:
    """The lock is torn from the leader again and again: it acts for some seconds more, and so does its successor."""
    moments = random.Random(SEED)
    experiment_id = podium.create(budget={"cost": 100.0})
    for _ in range(10):
        time.sleep(moments.uniform(0.5, 3.0))
        podium.sql(f"select pg_terminate_backend(pid) from pg_locks where {LOCK}")
    podium.finish(experiment_id)
    runs = podium.all_of(f"{experiment_id}/runs")
    assert len({run["number"] for run in runs}) == len(runs)
    assert endings(podium, experiment_id).keys() == {"succeeded"}
    check_books(podium, experiment_id)


def test_a_worker_that_never_reports_is_given_up(podium: Installation) -> None:
    experiment_id = podium.create(max_attempts=2, trial={"silenceSeconds": 4}, env={"MISBEHAVIOUR": "never reports"})
    podium.wait_until(experiment_id, "paused", 240)
    ended = [each for each in podium.all_of(f"{experiment_id}/attempts") if each["state"] == "ended"]
    assert {each["end_reason"] for each in ended} == {"bug"}
    assert len(ended) >= 3 * 2, "three runs, two attempts each"
    assert all("without a report" in each["detail"] for each in ended)


def test_100_trials_run_in_parallel(podium: Installation) -> None:
    began = time.monotonic()
    experiment_id = podium.create(
        fidelity={"rungs": {"full": 1}}, budget={"cost": 100.0}, parallelism=100, env={"EPOCH_SECONDS": "40"}
    )
    wait_for(lambda: len(podium.names("jobs", OURS)) == 100, "100 Jobs are there", 120)
    created = time.monotonic() - began
    podium.wait_until(experiment_id, "completed", 600)
    print(f"100 Jobs after {created:.0f} s, 100 results after {time.monotonic() - began:.0f} s")
    assert len(podium.all_of(f"{experiment_id}/trials")) == 100
    assert endings(podium, experiment_id) == {"succeeded": 100}
    check_books(podium, experiment_id)


def has_standby(podium: Installation) -> bool:
    ready = podium.kubectl("get", "deployment", "podium-reconciler", "--output", "jsonpath={.status.readyReplicas}")
    return int(ready or 0) >= 2 and podium.active_reconciler() in podium.pods_of("reconciler")


def another_leads(podium: Installation, than: str) -> bool:
    return podium.active_reconciler() not in (None, than)


def active(podium: Installation) -> str:
    wait_for(lambda: podium.active_reconciler() is not None, "a reconciler leads")
    found = podium.active_reconciler()
    assert found is not None
    return found


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


def is_reached(podium: Installation) -> bool:
    try:
        return bool(podium.names("pods"))
    except AssertionError:
        return False
