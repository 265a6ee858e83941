"""What figures may take of the memory, and what is told to those who come when it is taken."""

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from controller import drawing
from controller.album import SHARE, Album
from controller.apart import Apart, Failed
from controller.api.queue import Queue
from controller.drawing import Bound, Drawer, Latest
from controller.errors import Busy
from controller.figures.names import WHOLE, FigureName
from tests.figures.records import record_of
from tests.service import API, Service

CRAMPED_BYTES = 64 * 2**20


class Huge:
    """What takes a gigabyte where it is unpickled."""

    def __reduce__(self) -> tuple[type[bytearray], tuple[int]]:
        return bytearray, (2**30,)


def main() -> None:
    """Draw, with little memory."""
    drawing.main(growth_bytes=CRAMPED_BYTES)


def test_a_figure_that_wants_too_much_memory_fails_and_the_next_is_drawn() -> None:
    small = Bound.of(record_of(30))
    with closing(Apart("tests.figures.test_memory", "the cramped process")) as cramped:
        assert b'"data"' in cramped.ask(small.digest, FigureName.FLOW, WHOLE, small.content)
        with pytest.raises(Failed, match="MemoryError"):
            cramped.ask("huge", FigureName.FLOW, WHOLE, pickle.dumps(Huge()))
        assert cramped.ask(small.digest, FigureName.FLOW, WHOLE, None) is None, "what it knew is forgotten"
        assert b'"data"' in cramped.ask(small.digest, FigureName.FLOW, WHOLE, small.content)


def test_the_latest_are_kept_by_their_weight() -> None:
    latest: Latest[str, int] = Latest(10, weigh=lambda entry: entry)
    for name, weight in (("a", 4), ("b", 4), ("c", 4)):
        latest.put(name, weight)
    assert [latest.get(name) for name in "abc"] == [None, 4, 4]
    latest.put("heavy", 11)
    assert [latest.get(name) for name in "bc"] == [None, None]
    assert latest.get("heavy") == 11, "the very last is always there"


def test_records_that_make_room_for_one_another_are_not_read_without_end(service: Service) -> None:
    moments = slow_clock(timedelta(seconds=1))
    album = Album(sessions=service.sessions, clock=lambda: next(moments), most_bytes=1)
    one, other = service.create(), service.create()
    album.open(one, None)  # read in a second
    album.open(other, None)
    with pytest.raises(Busy, match=f"figures of '{one}' come in some seconds"):
        album.open(one, None)
    assert album.open(one, None, at_once=True).spec.name == "tiny", "for a file that somebody waits for, it is"
    album.open(other, None, at_once=True)
    for _ in range(int(1 / SHARE)):
        next(moments)
    assert album.open(one, None).spec.name == "tiny"


def test_an_album_with_room_reads_nothing_again(service: Service) -> None:
    moments = slow_clock(timedelta(seconds=0.1))
    album = Album(sessions=service.sessions, clock=lambda: next(moments))
    ids = [service.create() for _ in range(6)]
    pages = [album.open(each, None) for each in ids]
    assert [album.open(each, None) for each in ids] == pages


def test_a_figure_beyond_those_that_may_wait_is_to_be_asked_for_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = Event(), Event()

    def draw_slowly(*_: object) -> bytes:
        begun.set()
        may_end.wait(timeout=60)
        return b"{}"

    monkeypatch.setattr(Drawer, "draw", draw_slowly)
    one_at_a_time = Queue(what="figures", at_work=1, waiting=0)
    service.app.state.collaborators = replace(service.app.state.collaborators, figures=one_at_a_time)
    path = f"{API}/experiments/{service.create()}/figures/history"
    with ThreadPoolExecutor() as threads:
        first = threads.submit(service.http.get, path)
        assert begun.wait(timeout=60)
        second = service.http.get(path)
        may_end.set()
        assert (second.status_code, second.headers["Retry-After"]) == (503, "2")
        assert second.json()["detail"] == "1 figures are being made and 0 wait; try again in a few seconds"
        assert first.result().status_code == 200
    assert service.http.get(path).status_code == 200


def slow_clock(step: timedelta) -> Iterator[datetime]:
    """Yield a moment that is a step later each time it is looked at."""
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    while True:
        yield now
        now += step
