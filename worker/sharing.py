"""The place that all trials of an experiment have in common, on whatever node: its folder in the artifact store.

Tables lie there as files that are mapped, where it is a folder, and in chunks that are fetched, where it is not. It is
a convenience as the node's cache is: what it does not take is kept on the node, and the log says so.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fsspec.core import url_to_fs

from worker.cache import Choice, cached
from worker.depositing import Depot
from worker.depot import Deposited
from worker.disk_cache import CacheUnusable, on_disk
from worker.machine import Machine
from worker.tables import Stored, Table

_log = logging.getLogger("podium")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlace:
    url: str
    limit_bytes: int

    @classmethod
    def of(cls, url: str | None, machine: Machine) -> "SharedPlace | None":
        return None if url is None else cls(url=url, limit_bytes=machine.shared_bytes)

    @property
    def folder(self) -> Path | None:
        """Return the folder that the worker can map files in; None for an object store."""
        return Path(url_to_fs(self.url)[1]) if self.url.startswith("file://") else None

    def takes(self, needed_bytes: int, name: str) -> bool:
        """Say whether so much may lie here. If not, the log says what the limit is."""
        if needed_bytes <= self.limit_bytes:
            return True
        _log.info(
            "podium: %s take %.2f GB, more than the %.2f GB that they may take in the artifact store; each node makes "
            "its own (PODIUM_SHARED_GIGABYTES)",
            name, needed_bytes / 1e9, self.limit_bytes / 1e9,
        )  # fmt: skip
        return False

    def kept(self, table: Table, choice: Choice, machine: Machine, pause: Callable[[], None]) -> Stored | None:
        """Return the table, made now or before, here or on another node; None where it is kept nowhere."""
        if self.folder is None:
            return cached(Deposited(table, Depot(url=self.url, limit_bytes=self.limit_bytes), pause), choice, machine)
        if choice in ("auto", "disk"):
            try:
                return on_disk(table, self.folder, self.limit_bytes)
            except CacheUnusable as error:
                _log.warning(
                    "podium: %s are not kept in the artifact store for other nodes, but on this one: %s; make room "
                    "there, or raise PODIUM_SHARED_GIGABYTES",
                    table.name, error.fault,
                )  # fmt: skip
        return cached(table, choice, machine)
