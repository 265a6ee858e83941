"""How fast Jobs are created: evenly, after a burst of a second's worth. Threads wait for their turn in order."""

import threading
import time
from collections.abc import Callable


class Pace:
    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_seconds = 1.0 / per_second
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next_turn = 0.0

    def wait(self) -> None:
        """Wait for a turn."""
        with self._lock:
            now = self._clock()
            turn = max(self._next_turn, now - 1.0)  # a second without a turn is a second's worth of burst
            self._next_turn = turn + self._interval_seconds
        if turn > now:
            self._sleep(turn - now)

    def hold(self, seconds: float) -> None:
        """Give no turn for a while: the server has said that it is busy."""
        with self._lock:
            self._next_turn = max(self._next_turn, self._clock() + seconds)
