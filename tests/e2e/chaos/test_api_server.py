"""Kubernetes' API server goes away, cuts its watches, or falls silent."""

import time

import pytest

from tests.e2e.books import check_books, endings
from tests.e2e.installation import API, Installation
from tests.e2e.nodes import DebianNode
from tests.e2e.shell import run
from tests.waiting import wait_for


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_a_watch_that_falls_silent_is_noticed(podium: Installation, shell_of_debian: DebianNode) -> None:
    """The server forgets the connection and the client never hears of it, as behind a firewall that drops flows."""
    experiment_id = podium.create(budget={"cost": 8.0})
    leader = podium.leader()
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


def is_reached(podium: Installation) -> bool:
    try:
        return bool(podium.names("pods"))
    except AssertionError:
        return False
