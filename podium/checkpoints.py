"""Checkpoints of one trial's lineage, in a folder of any kind that fsspec knows: a disk, S3, GCS.

A checkpoint is there whole or not at all: on a disk it is written beside its place, flushed, and renamed; an object
store puts objects atomically. It carries a checksum, and the report of its epoch, so that what was trained is never
trained again for want of an answer. The last two epochs are kept, so that a damaged one costs one epoch.

What the bytes mean is the script's business; nothing here unpickles anything.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import fsspec
from fsspec.implementations.local import LocalFileSystem
from pydantic import ValidationError

from podium.contract import Contract
from podium.wire import MeasurementReport

MAGIC = b"podium checkpoint 1\n"
PARTIAL = ".partial"
NAME = re.compile(r"epoch-(?P<epoch>\d+)-attempt-(?P<attempt>\d+)\.ckpt(?P<partial>\.partial)?")

_log = logging.getLogger(__name__)


class CheckpointNotSaved(Exception):
    """The storage did not take a checkpoint; those saved before are intact."""


class _Damaged(Exception):
    """The file is not what was saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state after an epoch, and what that epoch measured."""

    report: MeasurementReport
    data: bytes = field(repr=False)

    @property
    def epoch(self) -> int:
        return self.report.epoch


class _Header(Contract):
    report: MeasurementReport
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Stored:
    epoch: int
    attempt: int
    is_partial: bool
    path: str


def save(folder: str, checkpoint: Checkpoint, *, attempt: int) -> None:
    """Store a checkpoint whole, then remove those that it replaces. Raises CheckpointNotSaved."""
    filesystem, root = fsspec.core.url_to_fs(folder)
    path = f"{root}/epoch-{checkpoint.epoch:05d}-attempt-{attempt}.ckpt"
    header = MAGIC + _header(checkpoint).model_dump_json().encode() + b"\n"
    try:
        if isinstance(filesystem, LocalFileSystem):
            _write_local(path, header, checkpoint.data)
        else:
            filesystem.pipe_file(path, header + checkpoint.data)
    except OSError as error:
        why = error.strerror or error
        message = f"could not save the checkpoint of epoch {checkpoint.epoch} in {folder}: {why}; {_survivors(folder)}"
        raise CheckpointNotSaved(message) from error
    _prune(folder, epoch=checkpoint.epoch, attempt=attempt)


def load(folder: str, *, up_to_epoch: int) -> Checkpoint | None:
    """Return the newest checkpoint that is intact and not beyond `up_to_epoch`; None when there is none."""
    filesystem, _ = fsspec.core.url_to_fs(folder)
    for stored in sorted(_list(folder), reverse=True):
        if stored.is_partial or stored.epoch > up_to_epoch:
            continue
        try:
            return _parse(filesystem.cat_file(stored.path))
        except FileNotFoundError:  # a newer attempt removed it just now
            continue
        except _Damaged as error:
            _log.warning("podium: %s is damaged (%s); trying the checkpoint before it", stored.path, error)
    return None


def _write_local(path: str, header: bytes, data: bytes) -> None:
    folder, partial = os.path.dirname(path), path + PARTIAL
    os.makedirs(folder, exist_ok=True)
    try:
        with open(partial, "wb") as file:
            file.write(header)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Make the rename itself survive a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _header(checkpoint: Checkpoint) -> _Header:
    digest = _digest(checkpoint.report, checkpoint.data)
    return _Header(report=checkpoint.report, size_bytes=len(checkpoint.data), sha256=digest)


def _digest(report: MeasurementReport, data: bytes) -> str:
    digest = hashlib.sha256(report.model_dump_json().encode())
    digest.update(data)
    return digest.hexdigest()


def _survivors(folder: str) -> str:
    try:
        epochs = sorted({stored.epoch for stored in _list(folder) if not stored.is_partial})
    except OSError:
        return "which earlier ones are there could not be seen either"
    if not epochs:
        return "there is no earlier one, the next attempt starts over; make room there"
    return f"the one of epoch {epochs[-1]} is intact and the next attempt resumes from it; make room there"


def _prune(folder: str, *, epoch: int, attempt: int) -> None:
    """Remove what the checkpoint just saved makes superfluous.

    It and the newest epoch before it stay. So does anything newer, or of a newer attempt: that is not this attempt's.
    """
    filesystem, _ = fsspec.core.url_to_fs(folder)
    try:
        stored = list(_list(folder))
        previous = max((one.epoch for one in stored if not one.is_partial and one.epoch < epoch), default=0)
        for one in stored:
            if one.is_partial:
                is_superfluous = one.attempt <= attempt
            else:
                is_superfluous = one.epoch < previous or (one.epoch == epoch and one.attempt < attempt)
            if is_superfluous:
                with suppress(FileNotFoundError):
                    filesystem.rm_file(one.path)
    except OSError as error:
        _log.warning("podium: old checkpoints in %s could not be removed and stay: %s", folder, error)


def _list(folder: str) -> Iterator[_Stored]:
    filesystem, root = fsspec.core.url_to_fs(folder)
    filesystem.invalidate_cache(root)  # object stores remember listings; another attempt may have written since
    try:
        paths: list[str] = filesystem.ls(root, detail=False)
    except FileNotFoundError:
        return
    for path in paths:
        if found := NAME.fullmatch(path.rsplit("/", 1)[-1]):
            is_partial = found["partial"] is not None
            yield _Stored(epoch=int(found["epoch"]), attempt=int(found["attempt"]), is_partial=is_partial, path=path)


def _parse(content: bytes) -> Checkpoint:
    """Read a stored file. Raises _Damaged."""
    if not content.startswith(MAGIC):
        raise _Damaged("it does not begin as a checkpoint does")
    line, _, data = content[len(MAGIC) :].partition(b"\n")
    try:
        header = _Header.model_validate_json(line)
    except ValidationError:
        raise _Damaged("its header is unreadable") from None
    if len(data) != header.size_bytes:
        raise _Damaged(f"{len(data)} of {header.size_bytes} bytes are there")
    if _digest(header.report, data) != header.sha256:
        raise _Damaged("its checksum does not fit")
    return Checkpoint(report=header.report, data=data)
