"""What is done beside the reconciler: when it is looked at, and what it outlives."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.beside import Chore, beside
from controller.cluster import ClusterAway
from controller.errors import DatabaseAway

AT_ONCE = 0.0
NEVER = 3600.0


class Looks:
    """Counts looks, and has each end as was ordered."""

    def __init__(self, *ends: float | Exception) -> None:
        self._ends = list(ends)
        self.begun = threading.Semaphore(0)

    def __call__(self) -> float:
        self.begun.release()
        end = self._ends.pop(0) if self._ends else AT_ONCE
        if isinstance(end, Exception):
            raise end
        return end

    def happens(self, timeout: float = 10) -> bool:
        return self.begun.acquire(timeout=timeout)


@contextmanager
def doing(
    looks: Looks, *, leads: bool = True, longest_pause_seconds: float = NEVER, after_fault_seconds: float = AT_ONCE
) -> Iterator[tuple[threading.Event, threading.Event]]:
    wake, leading = threading.Event(), threading.Event()
    if leads:
        leading.set()
    chore = Chore(
        name="chore",
        look=looks,
        is_leading=leading.is_set,
        longest_pause_seconds=longest_pause_seconds,
        after_fault_seconds=after_fault_seconds,
    )
    with beside(chore, wake, threading.Event()):
        yield wake, leading
    assert all(thread.name != "chore" for thread in threading.enumerate())


def test_it_looks_when_woken_and_only_as_the_leader() -> None:
    looks = Looks()
    with doing(looks, leads=False) as (wake, leading):
        wake.set()
        assert not looks.happens(timeout=0.2)
        leading.set()
        wake.set()
        assert looks.happens()
        assert not looks.happens(timeout=0.2)


def test_it_looks_without_being_woken_after_its_longest_pause() -> None:
    looks = Looks()
    with doing(looks, longest_pause_seconds=0.01):
        assert looks.happens()
        assert looks.happens()


def test_it_rests_after_a_look_for_as_long_as_that_one_said() -> None:
    looks = Looks(NEVER)
    with doing(looks) as (wake, _):
        wake.set()
        assert looks.happens()
        wake.set()
        assert not looks.happens(timeout=0.2)


@pytest.mark.parametrize("fault", [DatabaseAway("away"), ClusterAway("away")], ids=lambda fault: type(fault).__name__)
def test_what_is_away_is_looked_for_again_without_a_rest(fault: Exception) -> None:
    looks = Looks(fault)
    with doing(looks, after_fault_seconds=NEVER) as (wake, _):
        wake.set()
        assert looks.happens()
        wake.set()
        assert looks.happens()


def test_it_outlives_a_fault_and_rests_after_it() -> None:
    looks = Looks(RuntimeError("a fault"), RuntimeError("another"))
    with doing(looks, longest_pause_seconds=0.01):
        assert all(looks.happens() for _ in range(3))
    resting = Looks(RuntimeError("a fault"))
    with doing(resting, after_fault_seconds=NEVER) as (wake, _):
        wake.set()
        assert resting.happens()
        wake.set()
        assert not resting.happens(timeout=0.2)
