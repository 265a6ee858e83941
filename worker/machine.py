"""What a worker may use of the machine that it is on. The environment is read here, once, and passed down."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.processors import usable_processors

MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
DEFAULT_CACHE_GIGABYTES = 20.0
DEFAULT_SHARED_GIGABYTES = 10.0
"""Features of `layer4` of a ResNet-18 at 224 pixels for 50,000 images, of `layer2` for 12,500."""
MOST_PROCESSES = 64


class UnusableEnvironment(Exception):
    """A variable says something that cannot be; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    threads: int
    memory_bytes: int
    cache_folder: Path
    """Shared by all workers that see it."""
    cache_bytes: int
    """What the folder may hold, of all data sets together."""
    shared_bytes: int = int(DEFAULT_SHARED_GIGABYTES * 1e9)
    """What an experiment's features may take in the artifact store."""
    processes: int | None = None
    """That a training is asked to take; None for one on each accelerator."""


def this_machine(environment: Mapping[str, str]) -> Machine:
    """Read the PODIUM_ variables of a worker, and OMP_NUM_THREADS. Raises UnusableEnvironment.

    Of several processes that train together, each has its share of the memory.
    """
    given = environment.get("OMP_NUM_THREADS", "")
    neighbours = environment.get("LOCAL_WORLD_SIZE", "")
    own = Path(tempfile.gettempdir()) / f"podium-cache-{os.geteuid()}"
    return Machine(
        threads=int(given) if given.isdigit() and int(given) > 0 else usable_processors(),
        memory_bytes=_usable_memory() // (int(neighbours) if neighbours.isdigit() else 1),
        cache_folder=Path(environment.get("PODIUM_CACHE_DIR") or own),
        cache_bytes=_bytes(environment, "PODIUM_CACHE_GIGABYTES", DEFAULT_CACHE_GIGABYTES, "no cache"),
        shared_bytes=_bytes(environment, "PODIUM_SHARED_GIGABYTES", DEFAULT_SHARED_GIGABYTES, "none in the store"),
        processes=_processes(environment.get("PODIUM_PROCESSES")),
    )


def _bytes(environment: Mapping[str, str], variable: str, default: float, nothing: str) -> int:
    given = environment.get(variable)
    try:
        gigabytes = float(given) if given else default
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < 1e9:
        raise UnusableEnvironment(f"{variable} is {given!r}; give a number of gigabytes, or 0 for {nothing}")
    return int(gigabytes * 1e9)


def _processes(given: str | None) -> int | None:
    if not given:
        return None
    if not given.isdigit() or not 1 <= int(given) <= MOST_PROCESSES:
        raise UnusableEnvironment(f"PODIUM_PROCESSES is {given!r}; give a number from 1 to {MOST_PROCESSES}")
    return int(given)


def _usable_memory() -> int:
    """Return the smaller of the machine's memory and what the control group allows, in bytes."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = MEMORY_LIMIT.read_text().strip() if MEMORY_LIMIT.is_file() else "max"
    return physical if limit == "max" else min(physical, int(limit))
