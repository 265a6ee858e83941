"""Waiting for what another thread, process or machine does."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0


def wait_for(condition: Callable[[], bool], what: str, within_seconds: float = PATIENCE_SECONDS) -> float:
    """Return once the condition holds, with the seconds that took; fail when it does not within the time.

    Two thirds of the time nothing is asked: some questions cost a process, on a machine that has better to do.
    """
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        if condition():
            return time.monotonic() - began
        now = time.monotonic()
        assert now - began < within_seconds, f"waited {within_seconds:g} s in vain: {what}"
        time.sleep(max(0.01, 2 * (now - asked)))
