"""Which Parquet files a data set has, on a disk or wherever fsspec reaches, and what is read of one."""

import json
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from worker.images import Part, UnusableData

PARTS = {"train": "train", "test": "test", "validation": "validation", "valid": "validation", "val": "validation"}
"""How the hub names the files, or their folders, of each part: `train-00000-of-00002.parquet`, `train/0000.parquet`."""
STATES = ("mtime", "ETag", "etag", "LastModified", "last_modified", "updated")
"""What file systems tell of a file that changes when it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetFile:
    """One file: where it is, and what its footer says."""

    filesystem: fsspec.AbstractFileSystem
    name: str
    relative: str
    """Its name below the folder that holds all files of its part."""
    size: int | None
    """In bytes, where the file system tells."""
    state: str
    """What changes when the file is touched."""
    group_rows: Sequence[int]
    image_column: str
    class_names: Sequence[str]
    """Of the labels, by number; empty when the file names none."""

    def labels(self) -> list[object]:
        found: list[object] = self._read(None, "label").to_pylist()
        return found

    def images(self, row_group: int) -> pa.ChunkedArray:
        """Read the encoded images of a row group."""
        column = self._read(row_group, self.image_column)
        return pc.struct_field(column, "bytes") if pa.types.is_struct(column.type) else column

    def _read(self, row_group: int | None, column: str) -> pa.ChunkedArray:
        try:
            with self.filesystem.open(self.name, "rb") as stream, pq.ParquetFile(stream) as file:
                groups = range(file.num_row_groups) if row_group is None else [row_group]
                return file.read_row_groups(groups, columns=[column]).column(0)
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own, beside Arrow's
            raise UnusableData(f"{self.name} cannot be read ({error}); fetch it again") from None


def opened(data: str, part: Part, *, setting: str) -> list[ParquetFile]:
    """Open the files of one part below a folder, of a glob, or a single file; by name. Raises UnusableData."""
    is_for_this_part = part == "train" or setting == "training.test_data"
    try:
        filesystem, path = fsspec.url_to_fs(data)
        names = _names(filesystem, path)
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own, and fsspec translates not all
        raise UnusableData(f"{data} cannot be listed ({error}); `{setting}` names a file, folder or glob") from None
    if not names:
        raise UnusableData(f"{data} names no Parquet file; `{setting}` names a file, a folder of them, or a glob")
    root = posixpath.commonpath([posixpath.dirname(name) for name in names])
    chosen = [name for name in names if _part_of(posixpath.relpath(name, root)) == part]
    if not chosen and is_for_this_part:  # a file that is named is meant, whatever its name
        chosen = [name for name in names if name == path or _part_of(posixpath.relpath(name, root)) is None]
    if not chosen:
        otherwise = ", or name another folder as `training.test_data`" if part == "test" else ""
        raise UnusableData(f"{data} has no file of the part {part}; name one {part}-00000-of-00001.parquet{otherwise}")
    own_root = posixpath.commonpath([posixpath.dirname(name) for name in chosen])  # files of other parts come and go
    files = [_opened(filesystem, name, posixpath.relpath(name, own_root)) for name in chosen]
    if not sum(sum(file.group_rows) for file in files):
        raise UnusableData(f"{chosen[0]} has no rows; fetch it again")
    return files


def _names(filesystem: fsspec.AbstractFileSystem, path: str) -> list[str]:
    if any(sign in path for sign in "*?["):
        return sorted(map(str, filesystem.glob(path)))
    if filesystem.isfile(path):
        return [path]
    return sorted(str(name) for name in filesystem.find(path) if str(name).endswith(".parquet"))


def _part_of(name: str) -> str | None:
    words = [re.split(r"[-_.]", step)[0].lower() for step in name.split("/")]
    return next((PARTS[word] for word in words if word in PARTS), None)


def _opened(filesystem: fsspec.AbstractFileSystem, name: str, relative: str) -> ParquetFile:
    try:
        about = filesystem.info(name)
        with filesystem.open(name, "rb") as stream, pq.ParquetFile(stream) as file:
            schema, metadata = file.schema_arrow, file.metadata
            group_rows = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own, beside Arrow's
        raise UnusableData(f"{name} is not a Parquet file that can be read ({error}); fetch it again") from None
    if missing := {"image", "label"} - set(schema.names):
        found = ", ".join(schema.names)
        raise UnusableData(f"{name} has no column {min(missing)!r} among {found}; rename its columns: `image`, `label`")
    return ParquetFile(
        filesystem=filesystem,
        name=name,
        relative=relative,
        size=about.get("size"),
        state=f"{about.get('size')} {next((about[key] for key in STATES if key in about), '')}",
        group_rows=group_rows,
        image_column=_image_column(name, schema.field("image").type),
        class_names=_class_names(schema),
    )


def _image_column(name: str, kind: pa.DataType) -> str:
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return "image"
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        return "image.bytes"
    raise UnusableData(f"{name} has images of type {kind}; they must be bytes, or a struct with `bytes`")


def _class_names(schema: pa.Schema) -> list[str]:
    """Read the names that the hub's `datasets` leaves in the metadata, of a feature ClassLabel."""
    try:
        about = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        return [str(name) for name in about["info"]["features"]["label"]["names"]]
    except (ValueError, KeyError, TypeError):
        return []
