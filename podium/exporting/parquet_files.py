"""The tables as Parquet, by pyarrow, which is asked for when a table is written and not before.

A batch of rows at a time becomes a row group: memory holds one, whatever the table's length.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from podium.exporting.columns import Cell, Column, Kind

ROWS_AT_ONCE = 20_000


class NoPyArrow(Exception):
    """pyarrow is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Parquet files need pyarrow, which is not installed: pip install 'podium[parquet]', or --to csv"
        )


def write_table(path: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a Parquet file; return how many rows. Raises NoPyArrow."""
    try:
        import pyarrow  # noqa: PLC0415 - 170 MB that only this needs
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError:
        raise NoPyArrow from None
    schema, count = _schema(pyarrow, columns), 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            by_column = zip(*batch, strict=True)
            arrays = [pyarrow.array(cells, type=field.type) for cells, field in zip(by_column, schema, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            count += len(batch)
    return count


def _schema(pyarrow: Any, columns: Sequence[Column]) -> Any:  # Any: pyarrow ships no types
    types = {
        Kind.BOOLEAN: pyarrow.bool_(),
        Kind.INTEGER: pyarrow.int64(),
        Kind.DOUBLE: pyarrow.float64(),
        Kind.STRING: pyarrow.string(),
        Kind.JSON: pyarrow.string(),
        Kind.MOMENT: pyarrow.timestamp("us", tz="UTC"),
    }
    return pyarrow.schema(
        [pyarrow.field(column.name, types[column.kind], metadata={"kind": column.kind.value}) for column in columns]
    )


def _batches(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, ROWS_AT_ONCE)):
        yield batch
