"""One pass after the other, for as long as this process leads. It outlives any fault of one pass."""

import threading
from collections.abc import Callable

import structlog

from controller.cluster import ClusterAway
from controller.errors import DatabaseAway
from controller.pulse import Pulse, Wake

STANDBY_SECONDS = 1.0
AFTER_FAULT_SECONDS = 1.0
REST_SECONDS = 0.05
"""After a pass with nothing left to do: what changes comes in showers, and one pass looks at all of it."""

log = structlog.get_logger()


def run_forever(
    reconcile: Callable[[], float],
    is_leading: Callable[[], bool],
    wake: Wake,
    stopping: threading.Event,
    pulse: Pulse,
) -> None:
    """Make passes until `stopping`: whenever woken, and when the last pass said that the next is due."""
    due_seconds = 0.0
    while not stopping.is_set():
        pulse.turned(due_seconds)
        stopping.wait(min(REST_SECONDS, due_seconds))
        wake.wait(due_seconds)
        lag_seconds = wake.clear()
        if stopping.is_set():
            return
        if not is_leading():
            due_seconds = STANDBY_SECONDS
            continue
        try:
            with pulse.passing(lag_seconds):
                due_seconds = reconcile()
        except (DatabaseAway, ClusterAway) as error:
            log.warning("pass given up; trying again", error=str(error), seconds=AFTER_FAULT_SECONDS)
            due_seconds = AFTER_FAULT_SECONDS
        except Exception:  # the loop outlives any fault of one pass
            log.exception("pass failed; trying again", seconds=AFTER_FAULT_SECONDS)
            due_seconds = AFTER_FAULT_SECONDS
