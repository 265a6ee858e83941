"""Recorded learning curves: lines while they are being recorded, one small Parquet file to keep.

A line is a configuration of a task with its whole curve; the table has a row for each epoch.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from podium.parameters import Configuration

Floats = NDArray[np.float64]
Line = dict[str, Any]  # Any: JSON

PACKED = Path(__file__).parent / "learning_curves.parquet"
PARAMETERS = {
    "learning_rate": pa.float64(),
    "lr_decay": pa.float64(),
    "lr_patience": pa.int32(),
    "batch_size": pa.int32(),
    "nesterov": pa.bool_(),
    "weight_decay": pa.float64(),
    "momentum": pa.float64(),
}
COLUMNS = {
    "task": pa.string(),
    "number": pa.int32(),
    **PARAMETERS,
    "epoch": pa.int32(),
    "val_accuracy": pa.float64(),
    "val_loss": pa.float32(),
    "seconds": pa.float32(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    configuration: Configuration
    errors: Floats  # (epochs,), 1 - val_accuracy; shorter than others where the loss was lost


def read_curves(task: str, packed: Path = PACKED) -> list[Curve]:
    """Return a task's curves in the order in which they were chosen."""
    return [
        Curve(configuration=line["configuration"], errors=1 - np.array(line["val_accuracy"]))
        for line in _packed_lines(task, packed)
    ]


def pack(raw: Path, packed: Path = PACKED) -> None:
    """Write the table of all lines in the folder. An epoch in which the loss was lost has no accuracy and no loss."""
    rows = [
        {
            "task": path.stem,
            "number": line["number"],
            **line["configuration"],
            "epoch": epoch + 1,
            "val_accuracy": line["val_accuracy"][epoch] if epoch < len(line["val_accuracy"]) else None,
            "val_loss": line["val_loss"][epoch] if epoch < len(line["val_loss"]) else None,
            "seconds": seconds,
        }
        for path in sorted(raw.glob("*.jsonl"))
        for line in sorted(lines_of(path), key=lambda line: int(line["number"]))
        for epoch, seconds in enumerate(line["seconds"])
    ]
    parquet.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(COLUMNS.items()))), packed, compression="zstd")


def unpack(task: str, raw: Path, packed: Path = PACKED) -> None:
    """Append the table's lines that the folder has not, so that recording goes on where the table ends."""
    path = raw / f"{task}.jsonl"
    known = {line["number"] for line in lines_of(path)}
    append_lines(path, (line for line in _packed_lines(task, packed) if line["number"] not in known))


def lines_of(path: Path) -> list[Line]:
    """Return a file's lines, the first of each number. One that a kill cut short does not count."""
    if not path.exists():
        return []
    found: dict[int, Line] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        with suppress(json.JSONDecodeError):
            line = json.loads(text)
            found.setdefault(line["number"], line)
    return list(found.values())


def append_lines(path: Path, lines: Iterable[Line]) -> None:
    """Append lines. Each begins with a line's end: a kill may have left none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines("\n" + json.dumps(line) + "\n" for line in lines)


def _packed_lines(task: str, packed: Path) -> list[Line]:
    if not packed.exists():
        return []
    rows = parquet.read_table(packed, filters=[("task", "==", task)]).to_pylist()
    rows.sort(key=lambda row: (row["number"], row["epoch"]))
    return [
        {
            "number": number,
            "configuration": {name: epochs[0][name] for name in PARAMETERS},
            "val_accuracy": [row["val_accuracy"] for row in epochs if row["val_accuracy"] is not None],
            "val_loss": [row["val_loss"] for row in epochs if row["val_loss"] is not None],
            "seconds": [row["seconds"] for row in epochs],
        }
        for number, epochs in ((number, [*rows]) for number, rows in groupby(rows, key=lambda row: row["number"]))
    ]
