"""Leaving a table in an object store while it is made: its chunks, and then the manifest, which alone is believed."""

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import fsspec

from podium.whole_file import write_with_patience
from worker.manifest import Chunk, Manifest
from worker.mapped import Rows
from worker.tables import Table, bytes_of

CHUNK_BYTES = 2**24
"""After so many bytes a chunk ends, with a whole row."""
_log = logging.getLogger("podium")


class NoRoom(Exception):
    """The table is beyond what features may take in the store; the message says which number is in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """A folder of an object store."""

    url: str
    limit_bytes: int
    """What it may hold. Makers that begin at once do not see one another: each may add a table beyond that."""

    def place_of(self, table: Table) -> str:
        """Return the URL that a table's manifest has, but for `.json`, and below which its chunks are."""
        return f"{self.url}/{hashlib.sha256(table.key.encode()).hexdigest()[:32]}"


@dataclass(slots=True, kw_only=True)
class Deposit:
    """A table on its way. After the first thing that goes wrong nothing more is tried, and the log says so once."""

    table: Table
    depot: Depot
    began: float
    present: Mapping[str, int]
    """Bytes of the files that were there before, by name. A chunk of the same name holds the same bytes."""
    is_given_up: bool = False
    chunks: list[Chunk] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    """URLs of the chunks that were not there before."""
    waiting: bytearray = field(default_factory=bytearray)

    @classmethod
    def begun(cls, table: Table, depot: Depot) -> "Deposit":
        deposit = cls(table=table, depot=depot, began=time.monotonic(), present={})
        try:
            deposit.present = _present(table, depot)
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            deposit._give_up(error)
        return deposit

    def add(self, row: Rows) -> None:
        if self.is_given_up:
            return
        self.waiting += row.tobytes()
        if len(self.waiting) >= CHUNK_BYTES:
            self._leave_chunk()

    def finish(self) -> None:
        """Leave what is waiting, and the manifest."""
        if self.waiting and not self.is_given_up:
            self._leave_chunk()
        if not self.is_given_up:
            manifest = Manifest(chunks=self.chunks, seconds=time.monotonic() - self.began)
            try:
                write_with_patience(f"{self.depot.place_of(self.table)}.json", manifest.to_bytes(self.table))
            except Exception as error:  # noqa: BLE001 - as above
                self._give_up(error)

    def _leave_chunk(self) -> None:
        content, self.waiting = bytes(self.waiting), bytearray()
        digest = hashlib.sha256(content).hexdigest()
        url = f"{self.depot.place_of(self.table)}/{digest}"
        try:
            if self.present.get(digest) != len(content):
                write_with_patience(url, content)
                self.own.append(url)
        except Exception as error:  # noqa: BLE001 - as above
            self._give_up(error)
        self.chunks.append(Chunk(digest=digest, bytes=len(content)))

    def _give_up(self, error: Exception) -> None:
        """Make room again: checkpoints go to the same store, and a full one must not stay full of half a table."""
        self.is_given_up = True
        _log.warning(
            "podium: %s are not left in %s for other nodes, which make their own: %s",
            self.table.name, self.depot.url, error,
        )  # fmt: skip
        for url in self.own:
            try:
                filesystem, path = fsspec.core.url_to_fs(url)
                filesystem.rm_file(path)
            except Exception as again:  # noqa: BLE001 - as above
                _log.warning("podium: %s cannot be removed (%s); it goes with the experiment", url, again)
                return


def _present(table: Table, depot: Depot) -> Mapping[str, int]:
    """Return the bytes of the files in the table's place, by name. Raises NoRoom, and the storage's errors."""
    filesystem, root = fsspec.core.url_to_fs(depot.url)
    place = fsspec.core.url_to_fs(depot.place_of(table))[1]
    filesystem.invalidate_cache()  # object stores remember what was not there
    found = filesystem.find(root, detail=True)
    sizes = {path: int(each["size"] or 0) for path, each in found.items()}
    elsewhere = sum(size for path, size in sizes.items() if not path.startswith(f"{place}/"))
    if elsewhere + bytes_of(table) > depot.limit_bytes:
        raise NoRoom(
            f"{elsewhere / 1e9:.2f} GB are there, these take {bytes_of(table) / 1e9:.2f} GB, and "
            f"{depot.limit_bytes / 1e9:.2f} GB are allowed; raise PODIUM_SHARED_GIGABYTES"
        )
    return {path.rsplit("/", 1)[-1]: size for path, size in sizes.items() if path.startswith(f"{place}/")}
