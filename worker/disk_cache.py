"""Tables in files of the node, one each, which all workers that see its folder map into their memory.

The file is the rows, then JSON, its length, and a mark. It is written under another name and renamed when it is whole
and on the disk: what has the name is complete. One worker builds while it holds a lock, which the kernel takes from it
when it dies; the others wait.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from worker.cache_folder import NoRoom, locked, prepared, reserve
from worker.tables import Stored, Table, bytes_of

MARK = b"podium 1"
"""Ends a file. Another number is another format."""
LENGTH_BYTES = 8
_log = logging.getLogger("podium")


class CacheUnusable(Exception):
    """A table cannot be kept on the disk; the message says why and what helps, where the folder is the node's own."""

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(f"{fault}; {remedy}")
        self.fault = fault


def on_disk(table: Table, folder: Path, limit_bytes: int) -> Stored:
    """Map the file of this table; build it if it is not there. Raises CacheUnusable."""
    try:
        path = prepared(folder) / f"{_digest(table)}.table"
        if stored := _mapped(path, table):
            return stored
        with locked(path.with_suffix(".lock"), waiting_for=f"another worker, which is {table.task}"):
            if stored := _mapped(path, table):
                return stored
            _log.info("podium: %s once, into %s", table.task, path)
            _build(path, table, limit_bytes)
            if stored := _mapped(path, table):
                return stored
        raise NoRoom(f"{path} was removed as soon as it was there")
    except NoRoom as error:
        raise CacheUnusable(str(error), "raise PODIUM_CACHE_GIGABYTES or change PODIUM_CACHE_DIR") from None
    except OSError as error:
        raise CacheUnusable(
            f"{folder}: {error.strerror or error}",
            "let PODIUM_CACHE_DIR name a folder that can be written and has room",
        ) from None


def _digest(table: Table) -> str:
    return hashlib.sha256(f"{MARK!r} {table.key}".encode()).hexdigest()[:32]


def _mapped(path: Path, table: Table) -> Stored | None:
    """Map a file; None for one that is not there or not whole."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
        # Held as long as the mapping, which keeps the open file: nobody removes the file meanwhile.
        fcntl.flock(stream, fcntl.LOCK_SH)
        if (tail := _tail(stream, bytes_of(table))) is not None:
            with contextlib.suppress(OSError):  # of a folder that cannot be written nothing is removed
                os.utime(stream.fileno())
            rows = np.memmap(stream, dtype=table.dtype, mode="r", shape=table.shape)
            return Stored(rows=rows, words=json.loads(tail))
    return None


def _tail(stream: BinaryIO, row_bytes: int) -> bytes | None:
    """Read what follows the rows; None if it is not what `_write` left."""
    if stream.seek(0, os.SEEK_END) < row_bytes:
        return None
    stream.seek(row_bytes)
    rest = stream.read()
    words, length = rest[: -LENGTH_BYTES - len(MARK)], rest[-LENGTH_BYTES - len(MARK) : -len(MARK)]
    return words if rest.endswith(MARK) and int.from_bytes(length) == len(words) else None


def _build(path: Path, table: Table, limit_bytes: int) -> None:
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as stream:
            reserve(stream, bytes_of(table), partial, limit_bytes)
            _write(stream, table)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(stream: BinaryIO, table: Table) -> None:
    for row in table.rows():
        stream.write(row.tobytes())
    words = json.dumps(table.words()).encode()
    stream.write(words + len(words).to_bytes(LENGTH_BYTES) + MARK)
