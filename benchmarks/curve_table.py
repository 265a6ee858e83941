"""The recorded learning curves as one small Parquet file: a row for each task, configuration and epoch."""

import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from podium.spec import Configuration

Floats = NDArray[np.float64]

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
MEASURED = ("val_accuracy", "val_loss", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    configuration: Configuration
    errors: Floats  # (epochs,), 1 - val_accuracy; shorter than others where the loss was lost


def read_curves(task: str, packed: Path = PACKED) -> list[Curve]:
    """Return a task's curves in the order in which they were chosen."""
    rows = parquet.read_table(packed, filters=[("task", "==", task)]).to_pylist()
    rows.sort(key=lambda row: (row["number"], row["epoch"]))
    return [
        Curve(
            configuration={name: epochs[0][name] for name in PARAMETERS},
            errors=1 - np.array([row["val_accuracy"] for row in epochs if row["val_accuracy"] is not None]),
        )
        for epochs in ([*group] for _, group in groupby(rows, key=lambda row: row["number"]))
    ]


def pack(raw: Path, packed: Path = PACKED) -> None:
    """Write the table of all lines in the folder. An epoch in which the loss was lost has no accuracy and no loss."""
    rows: dict[str, list[Any]] = {name: [] for name in ("task", "number", *PARAMETERS, "epoch", *MEASURED)}
    for path in sorted(raw.glob("*.jsonl")):
        lines = sorted((json.loads(text) for text in path.read_text().splitlines()), key=lambda line: line["number"])
        for line in lines:
            for epoch, seconds in enumerate(line["seconds"]):
                rows["task"].append(path.stem)
                rows["number"].append(line["number"])
                rows["epoch"].append(epoch + 1)
                rows["seconds"].append(seconds)
                for name in PARAMETERS:
                    rows[name].append(line["configuration"][name])
                for name in ("val_accuracy", "val_loss"):
                    rows[name].append(line[name][epoch] if epoch < len(line[name]) else None)
    types = {"task": pa.string(), "number": pa.int32(), **PARAMETERS, "epoch": pa.int32()}
    table = pa.table({n: pa.array(v, type=types.get(n, pa.float32())) for n, v in rows.items()})
    parquet.write_table(table, packed, compression="zstd", use_dictionary=True)
