"""Files that are there whole or not at all, in a folder of any kind that fsspec knows: a disk, S3, GCS.

On a disk a file is written beside its place, flushed, and renamed; an object store puts objects atomically.
"""

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress

import fsspec
from fsspec.implementations.local import LocalFileSystem
from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

PARTIAL = ".partial"
"""Behind the name of a file that is being written on a disk, or was when its writer was killed."""


LASTING = (PermissionError, NotADirectoryError, IsADirectoryError)
"""What no second try mends; fsspec raises them for object stores too."""
TRIES = 4
LONGEST_WAIT_SECONDS = 2.0


def write_with_patience(url: str, content: bytes, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Write as `write` does, a few times over some seconds at most: a storage may hiccup."""
    Retrying(
        retry=retry_if_exception_type(Exception) & retry_if_not_exception_type(LASTING),
        wait=wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_SECONDS),
        stop=stop_after_attempt(TRIES),
        sleep=sleep,
        reraise=True,
    )(write, url, content)


def write(url: str, *parts: bytes) -> None:
    """Write a file, in place of one that is there. Raises what the storage raises."""
    filesystem, path = fsspec.core.url_to_fs(url)
    if isinstance(filesystem, LocalFileSystem):
        _write_local(path, parts)
    else:
        filesystem.pipe_file(path, b"".join(parts))


def _write_local(path: str, parts: tuple[bytes, ...]) -> None:
    folder, partial = os.path.dirname(path), path + PARTIAL
    make_folder(folder)
    try:
        with open(partial, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    flush(folder)


def make_folder(folder: str) -> None:
    """Make a folder and those above it. On a volume that a group shares (setgid), the group may write in them.

    On Kubernetes the volume's group is that of every worker and of the reconciler, whatever user each of them is: who
    removes an old checkpoint is seldom who wrote it.
    """
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    make_folder(above)
    with suppress(FileExistsError):
        os.mkdir(folder)
        if os.stat(above).st_mode & stat.S_ISGID:
            os.chmod(folder, os.stat(folder).st_mode | stat.S_IRWXG)


def flush_names(folder: str | os.PathLike[str]) -> None:
    """Have the names in a folder survive a power cut, where its file system can: some mounts refuse to flush folders.

    Where the rename is done the new is in its place, and an error would say that it is not.
    """
    with suppress(OSError):
        flush(folder)


def flush(path: str | os.PathLike[str]) -> None:
    """Have a file's content, or the names in a folder, survive a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
