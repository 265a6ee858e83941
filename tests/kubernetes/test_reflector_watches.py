"""Watches that break, expire, fall silent, or cannot be trusted: nothing is missed, and no list is wasted."""

import threading
import time
from dataclasses import replace

import pytest

from controller.cluster import ClusterAway
from tests.kubernetes.api_server import Answer, ApiServer, Request
from tests.kubernetes.followed import QUICK, Followed, thing
from tests.waiting import wait_for


def test_what_happens_between_the_list_and_the_watch_is_not_missed(server: ApiServer, followed: Followed) -> None:
    def meanwhile(request: Request) -> None:
        if request.is_watch and not server.names("things"):
            server.put("things", thing("a"))

    server.rule = meanwhile
    followed.reflector.start()
    followed.until(a="red")
    assert followed.lists() == 1


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
        wait_for(lambda: len(followed.colors()) == number, "what came meanwhile")  # noqa: B023  # at once
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
    wait_for(lambda: followed.reflector._version == version, "the bookmark")
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
    wait_for(lambda: followed.colors() == {"a": "red"}, "the next watch", within_seconds=4)


def _is_answered(followed: Followed) -> bool:
    try:
        return bool(followed.colors())
    except ClusterAway:
        return False


def test_a_document_that_cannot_be_read_ends_nothing(server: ApiServer, followed: Followed) -> None:
    server.put("things", thing("a"))
    followed.reflector.start()
    followed.until(a="red")
    followed.until_watched(1)
    server.put("things", {"metadata": {"name": "odd"}})
    wait_for(lambda: followed.lists() >= 3, "more lists")
    wait_for(lambda: not _is_answered(followed), "the end of trust in what is not renewed")
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
