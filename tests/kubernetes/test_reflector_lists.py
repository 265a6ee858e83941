"""Lists that come in pages, late, broken or never, and what is shown meanwhile."""

import threading
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from controller.cluster import ClusterAway
from tests.kubernetes.api_server import Answer, ApiServer, Request
from tests.kubernetes.followed import QUICK, Followed, thing
from tests.waiting import wait_for


def test_after_a_renewal_nothing_older_is_shown(server: ApiServer, followed: Followed) -> None:
    server.put("things", thing("a"))
    followed.follow(replace(QUICK, first_list_seconds=0.2))
    followed.until(a="red")
    followed.until_watched(1)
    asked, gate = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.is_list:
            asked.set()
            gate.wait(10)

    server.rule = hold
    followed.reflector.list_again()
    assert asked.wait(10)
    followed.reflector.renew()  # the list that is on its way was asked for before
    lists = followed.lists()
    with pytest.raises(ClusterAway, match="a new list has not come yet"):
        followed.reflector.items()
    server.put("things", thing("b"))
    gate.set()
    followed.until(a="red", b="red")
    assert followed.lists() == lists + 1


def test_a_list_comes_again_after_a_while(server: ApiServer, followed: Followed) -> None:
    followed.follow(replace(QUICK, resync_seconds=0.2, watch_seconds=1))
    wait_for(lambda: followed.lists() >= 3, "two more lists")


def test_a_long_list_comes_in_pages_and_is_taken_as_one(server: ApiServer, followed: Followed) -> None:
    for number in range(1203):
        server.put("things", thing(f"t{number}"))
    gate, pages = threading.Event(), threading.Event()

    def wait_at_the_second_page(request: Request) -> None:
        if "continue" in request.query:
            pages.set()
            gate.wait(10)

    server.rule = wait_at_the_second_page
    followed.follow(replace(QUICK, first_list_seconds=0))
    assert pages.wait(10)
    with pytest.raises(ClusterAway):
        followed.colors()
    gate.set()
    wait_for(followed.reflector._has_listed.is_set, "the list")
    assert len(followed.colors()) == 1203
    assert [len(request.query.get("continue", "")) > 0 for request in server.requests if request.is_list] == [
        False,
        True,
        True,
    ]


def test_while_a_new_list_comes_the_copy_stays_whole(server: ApiServer, followed: Followed) -> None:
    for number in range(700):
        server.put("things", thing(f"t{number}"))
    followed.reflector.start()
    assert len(followed.colors()) == 700
    gate, pages = threading.Event(), threading.Event()

    def wait_at_the_second_page(request: Request) -> None:
        if "continue" in request.query:
            pages.set()
            gate.wait(10)

    server.rule = wait_at_the_second_page
    followed.until_watched(1)
    followed.reflector.list_again()
    assert pages.wait(10)
    assert len(followed.colors()) == 700
    assert followed.lost() == {}
    gate.set()
    followed.until_watched(2)
    assert len(followed.colors()) == 700


def test_a_list_whose_next_page_is_forgotten_begins_anew(server: ApiServer, followed: Followed) -> None:
    for number in range(600):
        server.put("things", thing(f"t{number}"))
    expired: list[str] = []

    def expire_once(request: Request) -> Answer | None:
        if "continue" in request.query and not expired:
            expired.append(request.query["continue"])
            return Answer(410, "The provided continue parameter is too old")
        return None

    server.rule = expire_once
    followed.reflector.start()
    assert len(followed.colors()) == 600
    assert followed.lists() == 2


def test_a_server_that_is_busy_is_asked_again_when_it_said(server: ApiServer, followed: Followed) -> None:
    answers = iter([Answer(429, "too many requests", {"Retry-After": "1"})])
    server.rule = lambda request: next(answers, None)
    followed.reflector.start()
    assert followed.colors() == {}
    first, second, *_ = [request.at for request in server.requests]
    assert second - first >= 1


@pytest.mark.parametrize("answer", [Answer(500), Answer(503), Answer(504), Answer(403), Answer(401)])
def test_a_server_with_troubles_is_asked_again(server: ApiServer, followed: Followed, answer: Answer) -> None:
    answers = iter([answer] * 4)
    server.rule = lambda request: next(answers, None)
    server.put("things", thing("a"))
    followed.reflector.start()
    assert followed.colors() == {"a": "red"}
    assert followed.lists() == 5


@pytest.mark.parametrize("text", [b"<html>Welcome to the proxy</html>", b"[]", b'{"metadata": {}}'])
def test_an_answer_that_is_no_list_is_not_taken_for_an_empty_one(
    server: ApiServer, followed: Followed, text: bytes
) -> None:
    server.put("things", thing("a"))
    followed.reflector.start()
    followed.until(a="red")
    followed.until_watched(1)
    server.rule = lambda request: Answer(text=text)
    followed.reflector.list_again()
    wait_for(lambda: followed.lists() >= 2, "the list")
    assert followed.colors() == {"a": "red"}
    server.rule = lambda request: None
    server.put("things", thing("b"))
    followed.until(a="red", b="red")


def test_waits_grow_and_are_bounded(server: ApiServer, followed: Followed) -> None:
    server.rule = lambda request: Answer(500)
    followed.follow(replace(QUICK, first_pause_seconds=0.02, longest_pause_seconds=0.16))
    wait_for(lambda: followed.lists() >= 9, "nine tries")
    times = [request.at for request in server.requests]
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[-1] >= 0.08  # half of the longest, the jitter's least
    assert gaps[0] < gaps[-1]


def test_before_the_first_list_nothing_is_known(server: ApiServer, followed: Followed) -> None:
    server.rule = lambda request: Answer(500, "etcdserver: no leader")
    followed.follow(replace(QUICK, first_list_seconds=0))
    wait_for(lambda: followed.lists() >= 2, "a second try")
    with pytest.raises(ClusterAway, match="etcdserver: no leader"):
        followed.colors()


def test_a_server_that_is_gone_is_waited_for_and_old_knowledge_is_not_used(
    server: ApiServer, followed: Followed
) -> None:
    server.put("things", thing("a"))
    followed.reflector.start()
    followed.until(a="red")
    followed.until_watched(1)
    port = server.stop()
    assert followed.colors() == {"a": "red"}, "a moment's silence is no reason to stop"
    time.sleep(0.5)
    with pytest.raises(ClusterAway, match="no answer"):
        followed.colors()
    server.put("things", thing("b"))
    server.start(port)
    followed.until(a="red", b="red")


def test_a_new_list_is_had_on_demand_and_told(server: ApiServer, followed: Followed) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    asked = time.monotonic()
    assert not followed.reflector.is_newer_than(asked)
    before = followed.changes
    followed.reflector.list_again()
    wait_for(lambda: followed.changes > before, "the list")
    assert followed.reflector.is_newer_than(asked)
    assert followed.lists() == 2
