"""Small tables in an object store, for nodes that share no disk: who needs one first makes it, the others fetch it.

Two that begin at once both make it, and leave the same. A store that refuses costs a line in the log, never a training.
"""

import hashlib
import logging
from collections.abc import Iterator

import fsspec
import numpy as np

from podium.whole_file import write_with_patience
from worker.mapped import Rows
from worker.tables import Table, Words, bytes_of

DIGEST_BYTES = 32
"""SHA-256 of the rows, behind them."""
_log = logging.getLogger("podium")


class Deposited:
    """A table whose rows are those that somebody left in a folder of an object store, or are left there."""

    def __init__(self, table: Table, folder: str) -> None:
        self._table = table
        self.name, self.task, self.key = table.name, table.task, table.key
        self.shape, self.dtype = table.shape, table.dtype
        self._url = f"{folder}/{hashlib.sha256(self.key.encode()).hexdigest()[:32]}.rows"

    def rows(self) -> Iterator[Rows]:
        if (fetched := self._fetched()) is not None:
            yield from fetched
            return
        made = []
        for row in self._table.rows():
            made.append(row.tobytes())
            yield row
        self._leave(b"".join(made))

    def words(self) -> Words:
        return self._table.words()

    def _fetched(self) -> Rows | None:
        """Return what another has left; None for nothing, or for what is damaged."""
        try:
            filesystem, path = fsspec.core.url_to_fs(self._url)
            content = filesystem.cat_file(path)
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            _log.warning("podium: %s cannot be fetched from %s: %s", self.name, self._url, error)
            return None
        rows, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if len(rows) != bytes_of(self._table) or hashlib.sha256(rows).digest() != digest:
            _log.warning("podium: %s in %s are damaged, and made anew", self.name, self._url)
            return None
        _log.info("podium: %s were fetched from %s", self.name, self._url)
        return np.frombuffer(rows, dtype=self.dtype).reshape(self.shape)

    def _leave(self, rows: bytes) -> None:
        try:
            write_with_patience(self._url, rows + hashlib.sha256(rows).digest())
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            _log.warning("podium: %s could not be left in %s for other nodes: %s", self.name, self._url, error)
