"""Where tables are kept, so that an epoch reads bytes: of decoded images, and of what frozen layers make of them.

On the node's disk they are made once for all trials that see its folder, and the kernel shares the memory that holds
them. In a process's own memory they are made once for each run. A cache is a convenience: what keeps it from being
filled is logged, and training goes on without.
"""

import logging
from typing import Literal

from worker.disk_cache import CacheUnusable, on_disk
from worker.machine import Machine
from worker.tables import Stored, Table, bytes_of, in_memory

Choice = Literal["auto", "memory", "disk", "none"]
MEMORY_SHARES = {"auto": 0.25, "memory": 0.75}
"""Of the memory that the process may use, what a table may take: the rest is the training's."""
_log = logging.getLogger("podium")


def cached(table: Table, choice: Choice, machine: Machine) -> Stored | None:
    """Return the table, made now or before; None where it is not to be kept, or cannot be."""
    stored = None
    if choice in ("auto", "disk"):
        stored = _on_disk(table, machine)
    if choice == "memory" or (choice == "auto" and stored is None):
        stored = _in_memory(table, int(machine.memory_bytes * MEMORY_SHARES[choice]))
    return stored


def _on_disk(table: Table, machine: Machine) -> Stored | None:
    try:
        return on_disk(table, machine.cache_folder, machine.cache_bytes)
    except CacheUnusable as error:
        _log.warning("podium: %s are not cached on disk: %s", table.name, error)
        return None


def _in_memory(table: Table, allowed_bytes: int) -> Stored | None:
    needed_bytes = bytes_of(table)
    if needed_bytes <= allowed_bytes:
        return in_memory(table)
    _log.warning(
        "podium: %s are not cached in memory: they take %.2f GB, and may take %.2f GB; give the worker more memory",
        table.name,
        needed_bytes / 1e9,
        allowed_bytes / 1e9,
    )
    return None
