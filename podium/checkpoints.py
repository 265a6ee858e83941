"""Checkpoints of one trial's lineage, in a folder of any kind that fsspec knows: a disk, S3, GCS.

A checkpoint is there whole or not at all. It carries a checksum, and the report of its epoch, so that what was trained
is never trained again for want of an answer. The last two epochs are kept, so that a damaged one costs one epoch.

A midway checkpoint holds a state within an epoch, until that epoch's own is stored. It is never taken for a whole one:
its name says what it is, and its checksum fits no other kind.

What the bytes mean is the script's business; nothing here unpickles anything.
"""

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

import fsspec
from pydantic import ValidationError

from podium import whole_file
from podium.contract import Contract
from podium.wire import MeasurementReport

MAGIC = b"podium checkpoint 1\n"
NAME = re.compile(r"epoch-(?P<epoch>\d+)(?P<midway>-midway)?-attempt-(?P<attempt>\d+)\.ckpt(?P<partial>\.partial)?")

_log = logging.getLogger(__name__)


class CheckpointNotSaved(Exception):
    """The storage did not take a checkpoint; those saved before are intact."""


class Damaged(Exception):
    """The file is not what was saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state after an epoch, or midway through the next one, and what the last whole epoch measured."""

    report: MeasurementReport | None
    """None before the first epoch was whole."""
    data: bytes = field(repr=False)
    is_midway: bool = False

    @property
    def epoch(self) -> int:
        """The last whole epoch; 0 before the first."""
        return 0 if self.report is None else self.report.epoch

    @property
    def belongs_to(self) -> int:
        """The epoch that it is the state of: after it, or midway through it."""
        return self.epoch + 1 if self.is_midway else self.epoch

    def __str__(self) -> str:
        return f"the checkpoint {'midway through' if self.is_midway else 'of'} epoch {self.belongs_to}"


class _Header(Contract):
    report: MeasurementReport | None
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Stored:
    epoch: int
    """The epoch that it belongs to."""
    is_whole: bool
    """Sorts an epoch's end after what lies within it."""
    attempt: int
    is_partial: bool
    path: str


def save(folder: str, checkpoint: Checkpoint, *, attempt: int) -> None:
    """Store a checkpoint whole, then remove those that it replaces. Raises CheckpointNotSaved."""
    midway = "-midway" if checkpoint.is_midway else ""
    url = f"{folder}/epoch-{checkpoint.belongs_to:05d}{midway}-attempt-{attempt}.ckpt"
    header = MAGIC + _header(checkpoint).model_dump_json().encode() + b"\n"
    try:
        whole_file.write(url, header, checkpoint.data)
    except OSError as error:
        why = error.strerror or error
        raise CheckpointNotSaved(f"could not save {checkpoint} in {folder}: {why}; {_survivors(folder)}") from error
    _prune(folder, checkpoint, attempt)


def load(folder: str, *, up_to_epoch: int) -> Checkpoint | None:
    """Return the newest checkpoint that is intact and not beyond `up_to_epoch`; None when there is none."""
    filesystem, _ = fsspec.core.url_to_fs(folder)
    for stored in sorted(_list(folder), reverse=True):
        if stored.is_partial or stored.epoch > up_to_epoch:
            continue
        try:
            return _parse(filesystem.cat_file(stored.path), is_midway=not stored.is_whole)
        except FileNotFoundError:  # a newer attempt removed it just now
            continue
        except Damaged as error:
            _log.warning("podium: %s is damaged (%s); trying the checkpoint before it", stored.path, error)
    return None


def newest_of(folder: str, *, epoch: int) -> str | None:
    """Return the path of the newest checkpoint of an epoch's end, unread; None when there is none."""
    found = [one for one in _list(folder) if one.is_whole and not one.is_partial and one.epoch == epoch]
    return max(found).path if found else None


def check(file: BinaryIO) -> tuple[MeasurementReport | None, int]:
    """Return the report of a whole epoch's checkpoint, and where its data begin; they go on to the end of the file.

    It is read a part at a time. Raises Damaged.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise Damaged("it does not begin as a checkpoint does")
    header, start = _header_of(file.readline()), file.tell()
    digest = hashlib.sha256(b"" if header.report is None else header.report.model_dump_json().encode())
    while part := file.read(1024 * 1024):
        digest.update(part)
    _refuse_other(header, size_bytes=file.tell() - start, sha256=digest.hexdigest())
    return header.report, start


def _header(checkpoint: Checkpoint) -> _Header:
    return _Header(report=checkpoint.report, size_bytes=len(checkpoint.data), sha256=_digest(checkpoint))


def _digest(checkpoint: Checkpoint) -> str:
    digest = hashlib.sha256(b"midway" if checkpoint.is_midway else b"")
    digest.update(b"" if checkpoint.report is None else checkpoint.report.model_dump_json().encode())
    digest.update(checkpoint.data)
    return digest.hexdigest()


def _survivors(folder: str) -> str:
    try:
        newest = max((stored for stored in _list(folder) if not stored.is_partial), default=None)
    except OSError:
        return "which earlier ones are there could not be seen either"
    if newest is None:
        return "there is no earlier one, the next attempt starts over; make room there"
    name = f"the one {'of' if newest.is_whole else 'midway through'} epoch {newest.epoch}"
    return f"{name} is intact and the next attempt resumes from it; make room there"


def _prune(folder: str, saved: Checkpoint, attempt: int) -> None:
    filesystem, _ = fsspec.core.url_to_fs(folder)
    try:
        for one in _superfluous(list(_list(folder)), saved, attempt):
            with suppress(FileNotFoundError):
                filesystem.rm_file(one.path)
    except OSError as error:
        _log.warning("podium: old checkpoints in %s could not be removed and stay: %s", folder, error)


def _superfluous(stored: list[_Stored], saved: Checkpoint, attempt: int) -> Iterator[_Stored]:
    """Yield what the checkpoint just saved replaces.

    It and the newest whole epoch before it stay; after a midway one, the two newest. So does anything further, finished
    or not, since attempts are counted anew in each run and a lower number may be newer; and so does a newer attempt's,
    unless it is midway through an epoch that is whole now.
    """
    whole = [one.epoch for one in stored if one.is_whole and not one.is_partial]
    previous = max((epoch for epoch in whole if epoch < saved.epoch), default=0)
    for one in stored:
        is_older = one.epoch == saved.belongs_to and one.attempt < attempt
        if one.is_partial:
            is_superfluous = one.attempt <= attempt and one.epoch <= saved.belongs_to
        elif one.is_whole:
            is_superfluous = one.epoch < previous or (is_older and not saved.is_midway)
        else:
            is_superfluous = one.epoch <= saved.epoch or is_older
        if is_superfluous:
            yield one


def _list(folder: str) -> Iterator[_Stored]:
    filesystem, root = fsspec.core.url_to_fs(folder)
    filesystem.invalidate_cache(root)  # object stores remember listings; another attempt may have written since
    try:
        paths: list[str] = filesystem.ls(root, detail=False)
    except FileNotFoundError:
        return
    for path in paths:
        if found := NAME.fullmatch(path.rsplit("/", 1)[-1]):
            yield _Stored(
                epoch=int(found["epoch"]),
                is_whole=found["midway"] is None,
                attempt=int(found["attempt"]),
                is_partial=found["partial"] is not None,
                path=path,
            )


def _parse(content: bytes, *, is_midway: bool) -> Checkpoint:
    """Read a stored file. Raises Damaged."""
    if not content.startswith(MAGIC):
        raise Damaged("it does not begin as a checkpoint does")
    line, _, data = content[len(MAGIC) :].partition(b"\n")
    header = _header_of(line)
    checkpoint = Checkpoint(report=header.report, data=data, is_midway=is_midway)
    _refuse_other(header, size_bytes=len(data), sha256=_digest(checkpoint))
    return checkpoint


def _header_of(line: bytes) -> _Header:
    try:
        return _Header.model_validate_json(line)
    except ValidationError:
        raise Damaged("its header is unreadable") from None


def _refuse_other(header: _Header, *, size_bytes: int, sha256: str) -> None:
    if size_bytes != header.size_bytes:
        raise Damaged(f"{size_bytes} of {header.size_bytes} bytes are there")
    if sha256 != header.sha256:
        raise Damaged("its checksum does not fit")
