"""How many processors this process may really use: a container sees all of the machine's, and may use few of them."""

import math
import os
from pathlib import Path

CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def usable_processors() -> int:
    """Return the smaller of the processors that the scheduler and the control group allow; at least 1."""
    limit = CGROUP_LIMIT.read_text() if CGROUP_LIMIT.is_file() else "max 100000"
    return min(_scheduled(), _within_limit(limit) or _scheduled())


def _scheduled() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _within_limit(cpu_max: str) -> int | None:
    """Read a control group's `cpu.max`: microseconds of processor time per period (Linux, cgroup-v2.rst)."""
    quota, period = cpu_max.split()
    return None if quota == "max" else max(1, math.floor(int(quota) / int(period)))
