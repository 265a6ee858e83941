"""Tables in an object store, for nodes that share no disk: who needs one first makes it, the others fetch it.

A chunk at a time is in memory, and never the table. What is fetched is what its digest says. Makers that work at once
write the same chunks, or others: none overwrites another's. A store that refuses costs a line in the log, never a
training.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import fsspec
import numpy as np

from worker.depositing import Deposit, Depot
from worker.manifest import Chunk, Manifest, UnusableManifest
from worker.mapped import Rows
from worker.tables import Table, Words, bytes_of

_log = logging.getLogger("podium")


class Deposited:
    """A table whose rows are those that somebody left in a depot, or are left there. `pause` may raise, to leave."""

    def __init__(self, table: Table, depot: Depot, pause: Callable[[], None] = lambda: None) -> None:
        self._table, self._depot, self._pause = table, depot, pause
        self.name, self.task, self.key = table.name, table.task, table.key
        self.shape, self.dtype = table.shape, table.dtype

    def rows(self) -> Iterator[Rows]:
        """Yield what is fetched. Where that ends before its time the rest is made, and all of it left anew."""
        given = 0
        for row in self._fetched():
            given += 1
            yield row
        if given == self.shape[0]:
            return
        deposit = Deposit.begun(self._table, self._depot)
        for position, row in enumerate(self._table.rows()):
            deposit.add(row)
            if position >= given:
                yield row
        deposit.finish()

    def words(self) -> Words:
        return self._table.words()

    def _fetched(self) -> Iterator[Rows]:
        """Yield the rows that are there and whole, up to the first that is not."""
        url, began = self._depot.place_of(self._table), time.monotonic()
        if (manifest := self._manifest(f"{url}.json")) is None:
            return
        filesystem, path = fsspec.core.url_to_fs(url)
        for chunk in manifest.chunks:
            self._pause()
            if (content := self._content(filesystem, f"{path}/{chunk.digest}", chunk)) is None:
                return
            yield from np.frombuffer(content, dtype=self.dtype).reshape(-1, *self.shape[1:])
        _log.info(
            "podium: %s were fetched from %s, %.3f GB in %.1f s; who made them took %.1f s",
            self.name, url, bytes_of(self) / 1e9, time.monotonic() - began, manifest.seconds,
        )  # fmt: skip

    def _manifest(self, url: str) -> Manifest | None:
        """Return what another has left; None for nothing, or for what is damaged."""
        try:
            filesystem, path = fsspec.core.url_to_fs(url)
            return Manifest.of(filesystem.cat_file(path), self._table)
        except FileNotFoundError:
            return None
        except UnusableManifest as error:
            _log.warning("podium: %s in %s are damaged, and made anew: %s", self.name, url, error)
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            _log.warning("podium: %s cannot be fetched from %s: %s", self.name, url, error)
        return None

    def _content(self, filesystem: Any, path: str, chunk: Chunk) -> bytes | None:  # fsspec is untyped
        try:
            content: bytes = filesystem.cat_file(path)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("podium: the rest of %s cannot be fetched, and is made: %s", self.name, error)
            return None
        if hashlib.sha256(content).hexdigest() == chunk.digest:
            return content
        # removed, or its name would say that it is there: a chunk of a name that is known is not left again
        _log.warning("podium: %s are damaged at %s, and made anew", self.name, path)
        try:
            filesystem.rm_file(path)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("podium: %s cannot be removed: %s", path, error)
        return None
