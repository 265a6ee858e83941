"""How the reconciler's loop is woken, and how anyone else can tell that it still turns."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from controller.meters import Meters

STUCK_SECONDS = 300.0
"""A turn that takes longer hangs: the longest honest pass creates a thousand Jobs, or waits for slow suggestions."""


class Wake:
    """An event that remembers since when it is set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._event, self._lock = clock, threading.Event(), threading.Lock()
        self._since: float | None = None

    def set(self) -> None:
        with self._lock:
            if self._since is None:
                self._since = self._clock()
            self._event.set()

    def wait(self, seconds: float) -> None:
        """Return once it is set, or after that time."""
        self._event.wait(seconds)

    def clear(self) -> float | None:
        """Clear it; return for how many seconds it was set, None when it was not."""
        with self._lock:
            since, self._since = self._since, None
            self._event.clear()
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
