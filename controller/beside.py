"""Chores beside the reconciler, each in a thread of its own: what is slow, and what may wait for a better time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from controller.cluster import ClusterAway
from controller.errors import DatabaseAway

LEAVES_SECONDS = 5.0
"""A removal or a delivery may take longer; it is cut off then, and the next start repeats it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    name: str
    look: Callable[[], float]
    """Do what is due, and return for how many seconds to rest after, be there more or not."""
    is_leading: Callable[[], bool]
    """Nothing is done while it says no."""
    longest_pause_seconds: float
    """It looks so often without being woken."""
    after_fault_seconds: float


@contextmanager
def beside(chore: Chore, wake: threading.Event, stopping: threading.Event) -> Iterator[None]:
    """Have a thread do a chore until the block ends. It is not waited for much longer."""
    thread = threading.Thread(target=repeat, args=(chore, wake, stopping), name=chore.name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        wake.set()
        thread.join(timeout=LEAVES_SECONDS)


def repeat(chore: Chore, wake: threading.Event, stopping: threading.Event) -> None:
    """Look until `stopping`: whenever woken, but neither too often nor too rarely. No fault of one look ends it."""
    rest_seconds = 0.0
    while not stopping.wait(rest_seconds):
        wake.wait(chore.longest_pause_seconds)
        wake.clear()
        rest_seconds = 0.0
        if stopping.is_set() or not chore.is_leading():
            continue
        try:
            rest_seconds = chore.look()
        except (DatabaseAway, ClusterAway) as error:
            log.info("a chore is put off", chore=chore.name, error=str(error))
        except Exception:
            rest_seconds = chore.after_fault_seconds
            log.exception("a chore failed; trying again", chore=chore.name, seconds=rest_seconds)
