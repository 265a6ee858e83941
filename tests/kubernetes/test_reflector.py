"""A copy of a collection, against a real HTTP server that forgets, breaks off, is busy, slow, or gone."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from controller.cluster import ClusterAway
from controller.kubernetes.api import Json
from controller.kubernetes.reflector import Collection, Reflector, Timing
from tests.kubernetes.api_server import NAMESPACE, Answer, ApiServer, Request, api_server

QUICK = Timing(
    resync_seconds=600,
    watch_seconds=30,
    first_pause_seconds=0.01,
    longest_pause_seconds=0.05,
    stale_seconds=0.3,
    first_list_seconds=10,
)


@dataclass(frozen=True, kw_only=True)
class Thing:
    uid: str
    version: int = field(compare=False)
    name: str
    color: str


def read(document: Json, before: Thing | None = None) -> Thing | None:
    meta = document["metadata"]
    if document.get("color") == "invisible":
        return None
    return Thing(uid=meta["uid"], version=int(meta["resourceVersion"]), name=meta["name"], color=document["color"])


def thing(name: str, color: str = "red", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "color": color, **more}


class Followed:
    """A server, and a reflector that follows its things."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.changes = 0
        self.reflector = self.follow(QUICK, start=False)

    def follow(self, timing: Timing, *, start: bool = True) -> Reflector[Thing]:
        path = f"/api/v1/namespaces/{NAMESPACE}/things"
        collection = Collection(path=path, selector="a=b", read=read, keeps_lost=True)
        self.reflector = Reflector(self.server.api(), collection, self._note, timing)
        if start:
            self.reflector.start()
        return self.reflector

    def colors(self) -> dict[str, str]:
        return {thing.name: thing.color for thing in self.reflector.items().values()}

    def lost(self) -> dict[str, str]:
        return {thing.name: thing.color for thing in self.reflector.lost().values()}

    def until(self, **colors: str) -> None:
        def are_so() -> bool:
            with suppress(ClusterAway):
                return self.colors() == colors
            return False

        self.server.wait_for(are_so, str(colors))

    def lists(self) -> int:
        return self.server.count(lambda request: request.is_list and "continue" not in request.query)

    def watches(self) -> int:
        return self.server.opened.count("things")

    def until_watched(self, times: int) -> None:
        self.server.wait_for(lambda: self.watches() >= times, f"{times} watches")

    def _note(self) -> None:
        self.changes += 1


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as server:
        yield server


@pytest.fixture
def followed(server: ApiServer) -> Iterator[Followed]:
    followed = Followed(server)
    yield followed
    followed.reflector.close()


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
    server.wait_for(lambda: followed.lost() == {}, "the next list")


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


def test_what_happens_between_the_list_and_the_watch_is_not_missed(server: ApiServer, followed: Followed) -> None:
    def meanwhile(request: Request) -> None:
        if request.is_watch and not server.names("things"):
            server.put("things", thing("a"))

    server.rule = meanwhile
    followed.reflector.start()
    followed.until(a="red")
    assert followed.lists() == 1


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
    server.wait_for(lambda: followed.changes == before + 1, "one change")


@pytest.mark.parametrize("are_events", [False, True], ids=["as a status", "as an event"])
def test_a_version_that_the_server_forgot_leads_to_a_new_list(
    server: ApiServer, followed: Followed, are_events: bool
) -> None:
    server.watch_errors_are_events = are_events
    server.put("things", thing("a"))
    server.put("things", thing("b"))
    followed.reflector.start()
    followed.until(a="red", b="red")
    followed.until_watched(1)
    server.rule = lambda request: Answer(503, "away")
    server.cut()
    server.remove("things", "a")
    server.put("things", thing("c"))
    server.forget()
    server.rule = lambda request: None
    followed.until(b="red", c="red")
    assert followed.lost() == {"a": "red"}
    assert followed.lists() == 2


def test_a_watch_that_breaks_goes_on_where_it_was_without_a_list(server: ApiServer, followed: Followed) -> None:
    followed.reflector.start()
    assert followed.colors() == {}
    for number in range(1, 6):
        followed.until_watched(number)
        server.cut()
        server.put("things", thing(f"t{number}"))
        server.wait_for(lambda: len(followed.colors()) == number, "what came meanwhile")  # noqa: B023  # at once
    assert followed.lists() == 1


def test_a_watch_that_the_server_ends_goes_on(server: ApiServer, followed: Followed) -> None:
    followed.follow(replace(QUICK, watch_seconds=1))
    followed.until_watched(3)
    server.put("things", thing("a"))
    followed.until(a="red")
    assert followed.lists() == 1


def test_a_bookmark_is_where_the_next_watch_begins(server: ApiServer, followed: Followed) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    version = server.bookmark("things")
    server.wait_for(lambda: followed.reflector._version == version, "the bookmark")
    server.cut()
    followed.until_watched(2)
    assert server.requests[-1].query["resourceVersion"] == str(version)
    assert server.requests[-1].query["allowWatchBookmarks"] == "true"


def test_a_connection_that_died_unseen_is_noticed(server: ApiServer, followed: Followed) -> None:
    is_dead = threading.Event()

    def hang(request: Request) -> None:
        if request.is_watch and not is_dead.is_set():
            is_dead.set()
            time.sleep(5)  # longer than the watch may last, and its slack

    server.rule = hang
    followed.follow(replace(QUICK, watch_seconds=1, watch_slack_seconds=0.2))
    assert followed.colors() == {}
    server.put("things", thing("a"))
    server.wait_for(lambda: followed.colors() == {"a": "red"}, "the next watch", within_seconds=4)


def test_a_list_comes_again_after_a_while(server: ApiServer, followed: Followed) -> None:
    followed.follow(replace(QUICK, resync_seconds=0.2, watch_seconds=1))
    server.wait_for(lambda: followed.lists() >= 3, "two more lists")


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
    server.wait_for(followed.reflector._has_listed.is_set, "the list")
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
    server.wait_for(lambda: followed.lists() >= 2, "the list")
    assert followed.colors() == {"a": "red"}
    server.rule = lambda request: None
    server.put("things", thing("b"))
    followed.until(a="red", b="red")


def test_waits_grow_and_are_bounded(server: ApiServer, followed: Followed) -> None:
    server.rule = lambda request: Answer(500)
    followed.follow(replace(QUICK, first_pause_seconds=0.02, longest_pause_seconds=0.16))
    server.wait_for(lambda: followed.lists() >= 9, "nine tries")
    times = [request.at for request in server.requests]
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps[-1] >= 0.08  # half of the longest, the jitter's least
    assert gaps[0] < gaps[-1]


def test_before_the_first_list_nothing_is_known(server: ApiServer, followed: Followed) -> None:
    server.rule = lambda request: Answer(500, "etcdserver: no leader")
    followed.follow(replace(QUICK, first_list_seconds=0))
    server.wait_for(lambda: followed.lists() >= 2, "a second try")
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


def _is_answered(followed: Followed) -> bool:
    try:
        return bool(followed.colors())
    except ClusterAway:
        return False


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
    server.wait_for(lambda: followed.changes > before, "the old list")
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


def test_a_new_list_is_had_on_demand_and_told(server: ApiServer, followed: Followed) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    asked = time.monotonic()
    assert not followed.reflector.is_newer_than(asked)
    before = followed.changes
    followed.reflector.list_again()
    server.wait_for(lambda: followed.changes > before, "the list")
    assert followed.reflector.is_newer_than(asked)
    assert followed.lists() == 2


def test_a_document_that_cannot_be_read_ends_nothing(server: ApiServer, followed: Followed) -> None:
    server.put("things", thing("a"))
    followed.reflector.start()
    followed.until(a="red")
    followed.until_watched(1)
    server.put("things", {"metadata": {"name": "odd"}})
    server.wait_for(lambda: followed.lists() >= 3, "more lists")
    server.wait_for(lambda: not _is_answered(followed), "the end of trust in what is not renewed")
    server.remove("things", "odd")
    server.put("things", thing("b"))
    followed.until(a="red", b="red")


def test_versions_that_go_back_are_believed(server: ApiServer, followed: Followed) -> None:
    """The server's database was restored from a backup; no watch says so, and the next list does."""
    server.put("things", thing("a"))
    server.put("things", thing("b"))
    followed.follow(replace(QUICK, resync_seconds=0.2, watch_seconds=1))
    followed.until(a="red", b="red")
    followed.until_watched(1)
    server.remove("things", "b")
    server._version, server._forgotten, server._events = 50, 51, []
    server.cut()
    followed.until(a="red")


def test_closing_takes_no_time(server: ApiServer, followed: Followed) -> None:
    followed.reflector.start()
    followed.until_watched(1)
    began = time.monotonic()
    followed.reflector.close()
    assert time.monotonic() - began < 0.5
    assert not followed.reflector._thread.is_alive()
