"""How the reconciler's loop is woken, and how anyone else can tell that it still turns."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from controller.meters import Meters

STUCK_SECONDS = 300.0
"""A turn that takes longer hangs: the longest honest pass ends a thousand attempts, or waits for slow suggestions."""


SOON_SECONDS = 0.5
"""So long may wait what is not urgent: a Job makes a shower of changes as it comes and goes, and one pass sees all."""


class Wake:
    """An event that remembers since when it is set. What is urgent wakes at once, the rest soon."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._changed = clock, threading.Condition()
        self._since: float | None = None
        self._due = math.inf

    def set(self) -> None:
        """Wake at once."""
        self._set(0.0)

    def soon(self) -> None:
        """Wake after a moment, together with whatever comes until then."""
        self._set(SOON_SECONDS)

    def _set(self, delay_seconds: float) -> None:
        with self._changed:
            now = self._clock()
            self._since = now if self._since is None else self._since
            self._due = min(self._due, now + delay_seconds)
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Return once it is due, or after that time."""
        until = self._clock() + seconds
        with self._changed:
            while (left := min(until, self._due) - self._clock()) > 0:
                self._changed.wait(left)

    def clear(self) -> float | None:
        """Clear it; return for how many seconds it was set, None when it was not."""
        with self._changed:
            since, self._since, self._due = self._since, None, math.inf
        return None if since is None else self._clock() - since


class Pulse:
    """Notes every turn of the loop and times its passes."""

    def __init__(self, meters: Meters, clock: Callable[[], float] = time.monotonic) -> None:
        self._meters, self._clock = meters, clock
        self._due = clock()

    @contextmanager
    def passing(self, lag_seconds: float | None) -> Iterator[None]:
        """Time a pass; one that fails is timed too, but does not count as finished."""
        if lag_seconds is not None:
            self._meters.lag_seconds.observe(lag_seconds)
        with self._meters.pass_seconds.time():
            yield
        self._meters.last_pass.set_to_current_time()

    def turned(self, due_seconds: float) -> None:
        """Note that the loop turns; it will turn again within that time, and the time that a turn takes."""
        self._due = self._clock() + due_seconds

    def is_beating(self) -> bool:
        return self._clock() <= self._due + STUCK_SECONDS
