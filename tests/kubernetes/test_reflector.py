"""A copy of a collection, against a real HTTP server: what is there, what is new, and what is lost."""

import json
import threading
import time
from dataclasses import replace

from tests.kubernetes.api_server import Answer, ApiServer, Request
from tests.kubernetes.followed import QUICK, Followed, read, thing
from tests.waiting import wait_for


def test_what_is_there_and_what_comes_and_goes_is_in_the_copy(server: ApiServer, followed: Followed) -> None:
    server.put("things", thing("a"))
    followed.reflector.start()
    assert followed.colors() == {"a": "red"}
    server.put("things", thing("b"))
    followed.until(a="red", b="red")
    server.put("things", server.get("things", "a") | {"color": "blue"})
    followed.until(a="blue", b="red")
    server.remove("things", "b")
    followed.until(a="blue")
    assert followed.lost() == {"b": "red"}
    assert (followed.lists(), followed.watches()) == (1, 1)


def test_what_is_lost_is_remembered_until_it_is_forgotten(server: ApiServer, followed: Followed) -> None:
    stored = server.put("things", thing("a"))
    followed.reflector.start()
    followed.until(a="red")
    server.remove("things", "a")
    followed.until()
    followed.reflector.forget([stored["metadata"]["uid"], "unknown"])
    assert followed.lost() == {}


def test_what_is_lost_is_forgotten_after_a_while(server: ApiServer, followed: Followed) -> None:
    for name in ("a", "b"):
        server.put("things", thing(name))
    followed.follow(replace(QUICK, lost_seconds=0.1))
    followed.until(a="red", b="red")
    server.remove("things", "a")
    followed.until(b="red")
    assert followed.lost() == {"a": "red"}
    time.sleep(0.1)
    server.remove("things", "b")
    followed.until()
    assert followed.lost() == {"b": "red"}
    time.sleep(0.1)
    followed.reflector.list_again()
    wait_for(lambda: followed.lost() == {}, "the next list")


def test_only_a_difference_that_is_read_is_a_change(server: ApiServer, followed: Followed) -> None:
    server.put("things", thing("a"))
    followed.reflector.start()
    followed.until(a="red")
    followed.until_watched(1)
    before = followed.changes
    for heartbeat in range(3):
        server.put("things", server.get("things", "a") | {"heartbeat": heartbeat})
    server.put("things", thing("b", "invisible"))
    server.put("things", server.get("things", "a") | {"color": "blue"})
    followed.until(a="blue")
    wait_for(lambda: followed.changes == before + 1, "one change")


def test_what_was_just_created_is_there_at_once_whatever_an_older_list_says(
    server: ApiServer, followed: Followed
) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    is_listed, gate = threading.Event(), threading.Event()

    def hold_the_answer(request: Request) -> Answer | None:
        if not request.is_list:
            return Answer(503) if request.is_watch else None
        answer = server.answer_list(request)
        is_listed.set()
        gate.wait(10)
        return Answer(text=json.dumps(answer).encode())

    server.rule = hold_the_answer
    followed.reflector.list_again()
    assert is_listed.wait(10)
    created = read(server.put("things", thing("a")))
    assert created is not None
    followed.reflector.add(created)
    assert followed.colors() == {"a": "red"}
    before = followed.changes
    gate.set()
    wait_for(lambda: followed.changes > before, "the old list")
    assert followed.colors() == {"a": "red"}
    assert followed.lost() == {}


def test_what_was_created_and_deleted_before_its_answer_came_does_not_come_back(
    server: ApiServer, followed: Followed
) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    created = read(server.put("things", thing("a")))
    assert created is not None
    followed.until(a="red")
    server.remove("things", "a")
    followed.until()
    followed.reflector.add(created)
    assert followed.colors() == {}


def test_what_was_created_and_is_missing_in_a_newer_list_is_gone(server: ApiServer, followed: Followed) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    server.rule = lambda request: Answer(503) if request.is_watch else None
    server.cut()
    created = read(server.put("things", thing("a")))
    assert created is not None
    followed.reflector.add(created)
    server.remove("things", "a")
    server.forget()
    server.rule = lambda request: None
    followed.until()
    assert followed.lost() == {"a": "red"}


def test_closing_takes_no_time(server: ApiServer, followed: Followed) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    began = time.monotonic()
    followed.reflector.close()
    assert time.monotonic() - began < 0.5
    assert not followed.reflector._thread.is_alive()
