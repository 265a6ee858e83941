"""Decoded images in one file per data set and size, which all workers that see its folder map into their memory.

The file is the pixels, (images, 3, size, size) bytes, then JSON that names the bad images, its length, and a mark. It
is written under another name and renamed when it is whole and on the disk: what has the name is complete. One worker
builds while it holds a lock, which the kernel takes from it when it dies; the others wait.
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
from worker.contents import Contents, decoded_bytes, in_order
from worker.decoding import BadImage, Decoded

MARK = b"podium 1"
"""Ends a file. Another number is another format, or other pixels of the same image."""
LENGTH_BYTES = 8
_log = logging.getLogger("podium")


class CacheUnusable(Exception):
    """Images cannot be kept on the disk; the message says why and what helps."""


def on_disk(images: Decoded, folder: Path, limit_bytes: int) -> Contents:
    """Map the file of these images; build it if it is not there. Raises CacheUnusable."""
    try:
        path = prepared(folder) / f"{_key(images)}.images"
        if contents := _mapped(path, images):
            return contents
        with locked(path.with_suffix(".lock"), waiting_for="another worker, which decodes the same images"):
            if contents := _mapped(path, images):
                return contents
            _log.info("podium: decoding %s images once, into %s", f"{len(images.labels):,}", path)
            _build(path, images, limit_bytes)
            if contents := _mapped(path, images):
                return contents
        raise NoRoom(f"{path} was removed as soon as it was there")
    except NoRoom as error:
        raise CacheUnusable(f"{error}; raise PODIUM_CACHE_GIGABYTES or change PODIUM_CACHE_DIR") from None
    except OSError as error:
        raise CacheUnusable(
            f"{folder}: {error.strerror or error}; let PODIUM_CACHE_DIR name a folder that can be written and has room"
        ) from None


def _key(images: Decoded) -> str:
    return hashlib.sha256(f"{MARK!r} {images.identity} {images.shape}".encode()).hexdigest()[:32]


def _mapped(path: Path, images: Decoded) -> Contents | None:
    """Map a file; None for one that is not there or not whole."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as stream:
        # Held as long as the mapping, which keeps the open file: nobody removes the file meanwhile.
        fcntl.flock(stream, fcntl.LOCK_SH)
        bad = _read_bad(stream, decoded_bytes(images))
        if bad is not None:
            with contextlib.suppress(OSError):  # of a folder that cannot be written nothing is removed
                os.utime(stream.fileno())
            return Contents(pixels=np.memmap(stream, dtype=np.uint8, mode="r", shape=images.shape), bad=bad)
    return None


def _read_bad(stream: BinaryIO, pixel_bytes: int) -> list[BadImage] | None:
    """Read what follows the pixels; None if it is not what `_write` left."""
    if stream.seek(0, os.SEEK_END) < pixel_bytes:
        return None
    stream.seek(pixel_bytes)
    rest = stream.read()
    about, length = rest[: -LENGTH_BYTES - len(MARK)], rest[-LENGTH_BYTES - len(MARK) : -len(MARK)]
    if not rest.endswith(MARK) or int.from_bytes(length) != len(about):
        return None
    return [BadImage(position=position, why=why) for position, why in json.loads(about)]


def _build(path: Path, images: Decoded, limit_bytes: int) -> None:
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as stream:
            reserve(stream, decoded_bytes(images), partial, limit_bytes)
            _write(stream, images)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(stream: BinaryIO, images: Decoded) -> None:
    bad, black = [], bytes(decoded_bytes(images) // len(images.labels))
    for read in in_order(images):
        if isinstance(read, BadImage):
            bad.append((read.position, read.why))
            stream.write(black)
        else:
            stream.write(read.numpy().tobytes())
    about = json.dumps(bad).encode()
    stream.write(about + len(about).to_bytes(LENGTH_BYTES) + MARK)
