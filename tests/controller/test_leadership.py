"""Exactly one process reconciles, and it wakes on NOTIFY."""

import threading
import time
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import Engine, text

from controller.database import CHANNEL, NOTICE_SECONDS, ask_for_output, open_sessions, transaction
from controller.diagnosis import DatabaseFacts, database_facts
from controller.leader_name import LastPass, name_of
from controller.leadership import Leadership
from tests.waiting import wait_for


def test_one_leads_and_the_other_takes_over_when_it_goes(engine: Engine, database_url: str) -> None:
    first, second = Leadership(database_url, _ignore), Leadership(database_url, _ignore)
    first.start()
    wait_for(lambda: first.is_held, "the first leads", 30)
    second.start()
    time.sleep(0.2)
    assert not second.is_held
    first.close()
    wait_for(lambda: second.is_held, "the second leads", 30)
    assert not first.is_held
    second.close()


def test_who_wins_the_lock_looks_at_the_cluster_anew_before_it_leads(engine: Engine, database_url: str) -> None:
    was_held: list[bool] = []
    leader = Leadership(database_url, _ignore, lambda: was_held.append(leader.is_held))
    leader.start()
    wait_for(lambda: leader.is_held, "it leads", 30)
    leader.close()
    assert was_held == [False]


def test_a_database_whose_node_is_gone_is_noticed_by_every_connection(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        found = driver.info.get_parameters()
    assert int(found["tcp_user_timeout"]) == 1000 * NOTICE_SECONDS
    after = int(found["keepalives_idle"]) + int(found["keepalives_interval"]) * int(found["keepalives_count"])
    assert (found["keepalives"], after <= NOTICE_SECONDS) == ("1", True)


def test_it_tells_of_its_last_pass_whoever_asks_who_leads(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.leadership.HEARTBEAT_SECONDS", 0.05)
    told = [None, LastPass(ended_at=datetime(2026, 11, 27, 4, 10, 27, tzinfo=UTC), due_seconds=30)]
    leader = Leadership(database_url, _ignore, named=lambda: name_of(told.pop(0) if len(told) > 1 else told[0]))

    def facts() -> DatabaseFacts:
        with transaction(open_sessions(engine)) as session:
            return database_facts(session)

    assert not facts().is_led
    leader.start()
    wait_for(lambda: facts().last_pass == told[-1], "it tells", 30)
    assert facts().is_led
    leader.close()
    assert not facts().is_led


def test_a_notification_wakes_the_leader_at_once(engine: Engine, database_url: str) -> None:
    woken = threading.Event()
    leader = Leadership(database_url, woken.set)
    leader.start()
    wait_for(lambda: leader.is_held, "it leads", 30)
    woken.clear()
    began = time.monotonic()
    with engine.begin() as connection:
        connection.execute(text(f"NOTIFY {CHANNEL}"))
    assert woken.wait(3), "it would have slept until its next heartbeat"
    assert time.monotonic() - began < 3
    leader.close()


def test_the_leader_alone_hears_whose_output_is_watched_and_is_not_woken_by_it(
    engine: Engine, database_url: str
) -> None:
    woken, heard, unheard = threading.Event(), list[str](), list[str]()
    leader = Leadership(database_url, woken.set, watched=heard.append)
    leader.start()
    wait_for(lambda: leader.is_held, "it leads", 30)
    standby = Leadership(database_url, _ignore, watched=unheard.append)
    standby.start()
    assert woken.wait(30)  # once, because it leads
    woken.clear()
    with transaction(open_sessions(engine)) as session:
        ask_for_output(session, ["tiny-k3f9-t1-e4-a1", "tiny-k3f9-t2-e4-a1"])
    wait_for(lambda: len(heard) == 2, "it hears", 30)
    assert (sorted(heard), unheard) == (["tiny-k3f9-t1-e4-a1", "tiny-k3f9-t2-e4-a1"], [])
    assert not woken.is_set()
    leader.close()
    standby.close()


def test_a_leader_whose_connection_is_cut_leads_again(engine: Engine, database_url: str) -> None:
    leader = Leadership(database_url, _ignore)
    leader.start()
    wait_for(lambda: leader.is_held, "it leads", 30)
    with engine.begin() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        connection.execute(text(cut))
    wait_for(lambda: not leader.is_held, "it leads no more", 30)
    wait_for(lambda: leader.is_held, "it leads", 30)
    leader.close()


def _ignore() -> None:
    pass
