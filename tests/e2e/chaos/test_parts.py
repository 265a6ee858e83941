"""Podium's own parts are killed, twice and twenty times, and two reconcilers act at once.

CHAOS_SEED chooses the moments, CHAOS_KILLS how often the leader is killed.
"""

import os
import random
import time
from functools import partial

from tests.e2e.books import check_books, endings
from tests.e2e.installation import LOCK, Installation
from tests.waiting import wait_for

SEED = int(os.environ.get("CHAOS_SEED", "7"))
KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
"""Each takes half a minute on two cores, until another reconciler stands by: CI has fewer."""
TAKEOVER_SECONDS = 15


def test_a_reconciler_killed_again_and_again_loses_nothing_and_the_other_takes_over(podium: Installation) -> None:
    moments = random.Random(SEED)
    podium.kubectl("scale", "deployment/podium-reconciler", "--replicas=4")  # one stands by while others start
    experiment_id = podium.create(budget={"cost": 200.0})
    takeovers = []
    for _ in range(KILLS):
        wait_for(partial(has_standby, podium), "one leads and another stands by", 120)
        time.sleep(moments.uniform(0.0, 3.0))
        victim = podium.leader()
        wait_for(partial(podium.is_running, victim), "the node knows of the leader's container")
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


def has_standby(podium: Installation) -> bool:
    ready = podium.kubectl("get", "deployment", "podium-reconciler", "--output", "jsonpath={.status.readyReplicas}")
    return int(ready or 0) >= 2 and podium.active_reconciler() in podium.pods_of("reconciler")


def another_leads(podium: Installation, than: str) -> bool:
    return podium.active_reconciler() not in (None, than)
