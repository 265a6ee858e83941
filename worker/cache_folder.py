"""The folder of cached tables: locks that die with their holder, and room for what is new within a limit.

Whoever maps a file holds a shared lock on it, so that a file nobody can lock alone is in use and stays.
"""

import contextlib
import errno
import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from podium.whole_file import make_folder

CANNOT_RESERVE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""What file systems say that know no reservation."""
_log = logging.getLogger("podium")


class NoRoom(Exception):
    """The limit of the folder does not allow for another file."""


def prepared(folder: Path) -> Path:
    """Make the folder, for this user alone, or the group of a shared volume.

    Raises OSError; also for one that another user has laid out in /tmp.
    """
    make_folder(str(folder.parent))
    if folder.parent.stat().st_mode & stat.S_ISGID:
        make_folder(str(folder))
    else:
        folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid not in (0, os.geteuid()):
        raise PermissionError(errno.EPERM, "it belongs to another user, who could change the tables")
    return folder


@contextlib.contextmanager
def locked(path: Path, *, waiting_for: str | None = None) -> Iterator[None]:
    """Hold a lock that one process has at a time; the kernel frees it when the process ends, however it ends."""
    with path.open("ab") as stream:
        if not _try_lock(stream):
            if waiting_for:
                _log.info("podium: waiting for %s", waiting_for)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def reserve(stream: BinaryIO, needed_bytes: int, path: Path, limit_bytes: int) -> None:
    """Take the room of a new file on the disk, and remove the least recently used files that the limit has none for.

    Raises NoRoom, or OSError from a full disk.
    """
    with locked(path.with_name("room.lock")):  # one at a time, or two would take the same room
        _make_room(path, needed_bytes, limit_bytes)
        if hasattr(os, "posix_fallocate"):  # not on macOS
            try:
                os.posix_fallocate(stream.fileno(), 0, needed_bytes)
            except OSError as error:
                if error.errno not in CANNOT_RESERVE:
                    raise


def _make_room(new: Path, needed_bytes: int, limit_bytes: int) -> None:
    """Remove files that are not in use, the least recently used one first, until there is room. Raises NoRoom."""
    _remove_abandoned(new)
    sizes = {path: _size(path) for kind in ("table", "partial") for path in new.parent.glob(f"*.{kind}")}
    used_bytes = sum(sizes.values())
    for path in sorted(new.parent.glob("*.table"), key=_last_use):
        if used_bytes + needed_bytes <= limit_bytes or needed_bytes > limit_bytes:
            break
        if _remove_unless_used(path):
            used_bytes -= sizes[path]
    if used_bytes + needed_bytes > limit_bytes:
        raise NoRoom(
            f"{new.parent} may hold {limit_bytes / 1e9:.2f} GB, of which {used_bytes / 1e9:.2f} GB are in use, "
            f"and this table takes {needed_bytes / 1e9:.2f} GB"
        )


def _remove_abandoned(new: Path) -> None:
    """Remove what builders left that were killed: nobody holds their locks any more."""
    for partial in new.parent.glob("*.partial"):
        with partial.with_suffix(".lock").open("ab") as lock:
            if _try_lock(lock):
                partial.unlink(missing_ok=True)


def _remove_unless_used(path: Path) -> bool:
    with path.open("r+b") as stream:
        if is_unused := _try_lock(stream):
            path.unlink()
        return is_unused


def _try_lock(stream: BinaryIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # a builder is done, and has renamed its own
        return 0


def _last_use(path: Path) -> float:
    return path.stat().st_mtime
