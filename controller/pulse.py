"""How the reconciler's loop is woken, and how anyone else can tell that it still turns."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from controller.leader_name import LastPass
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

    def __init__(
        self,
        meters: Meters,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._meters, self._clock, self._now = meters, clock, now
        self._due = clock()
        self._passed_at: datetime | None = None
        self._due_seconds = 0.0

    @contextmanager
    def passing(self, lag_seconds: float | None) -> Iterator[None]:
        """Time a pass; one that fails is timed too, but does not count as finished."""
        if lag_seconds is not None:
            self._meters.lag_seconds.observe(lag_seconds)
        with self._meters.pass_seconds.time():
            yield
        self._meters.last_pass.set_to_current_time()
        self._passed_at = self._now()

    def turned(self, due_seconds: float) -> None:
        """Note that the loop turns; it will turn again within that time, and the time that a turn takes."""
        self._due, self._due_seconds = self._clock() + due_seconds, due_seconds

    @property
    def last_pass(self) -> LastPass | None:
        """The last pass that was finished; None before the first."""
        passed_at = self._passed_at
        return None if passed_at is None else LastPass(ended_at=passed_at, due_seconds=self._due_seconds)

    def is_beating(self) -> bool:
        return self._clock() <= self._due + STUCK_SECONDS
