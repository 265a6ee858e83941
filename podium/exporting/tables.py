"""The tables of an export as files: a folder with both, or a file with the trials. They are whole and go together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from podium import whole_files
from podium.exporting import csv_files, parquet_files
from podium.exporting.columns import MEASUREMENT_COLUMNS, Cell, Column, measurement_rows, trial_columns, trial_row
from podium.exporting.spool import Spool
from podium.parameters import Parameter

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
    with whole_files.together() as beside:
        written = {
            trials: _write(beside(trials), columns[trials.name], _trial_rows(spool, columns[trials.name]), form),
            measurements: _write(beside(measurements), MEASUREMENT_COLUMNS, measurement_rows(spool), form),
        }
        if form == "csv":
            metadata = csv_files.metadata_of(columns)
            beside(folder / csv_files.METADATA).write_text(metadata, encoding="utf-8")
    return written


def write_trials(path: Path, spool: Spool, parameters: Mapping[str, Parameter], form: Format) -> int:
    """Write the trials alone; return how many. Types of CSV that lie beside from an earlier export are made anew."""
    columns = trial_columns(parameters, spool.metrics)
    with whole_files.together() as beside:
        count = _write(beside(path), columns, _trial_rows(spool, columns), form)
        metadata = path.with_name(csv_files.METADATA)
        if form == "csv" and metadata.is_file():
            known = metadata.read_text(encoding="utf-8", errors="replace")
            if (renewed := csv_files.renewed(known, path.name, columns)) is not None:
                beside(metadata).write_text(renewed, encoding="utf-8")
    return count


def _trial_rows(spool: Spool, columns: Sequence[Column]) -> Iterator[Sequence[Cell]]:
    return (trial_row(record, columns) for record in spool)


def _write(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], form: Format) -> int:
    if form == "parquet":
        return parquet_files.write_table(str(path), columns, rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        return csv_files.write_table(file, columns, rows)
