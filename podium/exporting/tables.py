"""The tables of an export as files: a folder with both, or a file with the trials. Each is whole or not there."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from podium.exporting import csv_files, parquet_files
from podium.exporting.columns import MEASUREMENT_COLUMNS, Cell, Column, measurement_rows, trial_columns, trial_row
from podium.exporting.spool import Spool
from podium.parameters import Parameter
from podium.whole_file import PARTIAL

Format = Literal["csv", "parquet"]
TRIALS = "trials"
MEASUREMENTS = "measurements"


def write_folder(folder: Path, spool: Spool, parameters: Mapping[str, Parameter], form: Format) -> Mapping[Path, int]:
    """Write trials and measurements, in place of those that are there; return how many rows each file has."""
    columns = {
        f"{TRIALS}.{form}": trial_columns(parameters, spool.metrics),
        f"{MEASUREMENTS}.{form}": MEASUREMENT_COLUMNS,
    }
    trials, measurements = (folder / name for name in columns)
    written = {
        trials: write_trials(trials, spool, parameters, form),
        measurements: _write(measurements, MEASUREMENT_COLUMNS, measurement_rows(spool), form),
    }
    if form == "csv":
        (folder / csv_files.METADATA).write_text(csv_files.metadata_of(columns), encoding="utf-8")
    return written


def write_trials(path: Path, spool: Spool, parameters: Mapping[str, Parameter], form: Format) -> int:
    """Write the trials alone; return how many."""
    columns = trial_columns(parameters, spool.metrics)
    return _write(path, columns, (trial_row(record, columns) for record in spool), form)


def _write(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], form: Format) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    try:
        if form == "csv":
            with partial.open("w", encoding="utf-8", newline="") as file:
                count = csv_files.write_table(file, columns, rows)
        else:
            count = parquet_files.write_table(str(partial), columns, rows)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return count
