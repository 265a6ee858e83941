r"""CSV by RFC 4180 that is read back as exactly what was written, with the types of its columns beside it.

Numbers are the shortest text that is read as the same 64 bits (Python's repr), booleans `true` and `false`, moments
ISO 8601, missing cells empty. One rule keeps text apart from a missing cell and from a spreadsheet's formulas: text
that is empty, or begins with one of ``= + - @ ' \t \r \n`` or a full-width twin of the first four, has an apostrophe
before it. Whoever reads takes one leading apostrophe from each cell of text, and nothing else.

CSV has no types. `csv-metadata.json` names them, as the W3C's CSV on the Web has it (tabular metadata, 2015).
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TextIO, assert_never

from podium.exporting.columns import Cell, Column, Kind

METADATA = "csv-metadata.json"
"""The name under which readers of CSV on the Web look for it."""
GUARDED = tuple("=+-@'\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide ones for the narrow
DATATYPES: Mapping[Kind, str] = {
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "long",
    Kind.DOUBLE: "double",
    Kind.STRING: "string",
    Kind.JSON: "json",
    Kind.MOMENT: "datetime",
}


class Writable(Protocol):
    def write(self, text: str, /) -> int: ...


def write_table(file: Writable, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a header and rows to a file opened with `newline=""`; return how many rows."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([written(column.name, Kind.STRING) for column in columns])
    kinds, count = [column.kind for column in columns], 0
    for row in rows:
        writer.writerow([written(cell, kind) for cell, kind in zip(row, kinds, strict=True)])
        count += 1
    return count


def read_table(file: TextIO, columns: Sequence[Column]) -> Iterator[list[Cell]]:
    """Yield the rows of a file opened with `newline=""`, its header left out, as they were before they were written."""
    lines = csv.reader(file)
    next(lines)
    for line in lines:
        yield [read(text, column.kind) for text, column in zip(line, columns, strict=True)]


def written(cell: Cell, kind: Kind) -> str:
    """Return what stands in the file for a cell."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            return repr(cell)
        case int():
            return str(cell)
        case datetime():
            return cell.isoformat()
        case str():
            return "'" + cell if kind in (Kind.STRING, Kind.JSON) and (not cell or cell.startswith(GUARDED)) else cell
        case _ as unknown:
            assert_never(unknown)


def read(text: str, kind: Kind) -> Cell:
    """Return the cell that `written` was given."""
    if not text:
        return None
    match kind:
        case Kind.BOOLEAN:
            return text == "true"
        case Kind.INTEGER:
            return int(text)
        case Kind.DOUBLE:
            return float(text)
        case Kind.MOMENT:
            return datetime.fromisoformat(text)
        case Kind.STRING | Kind.JSON:
            return text.removeprefix("'")
        case _ as unknown:
            assert_never(unknown)


def metadata_of(tables: Mapping[str, Sequence[Column]]) -> str:
    """Return the columns and types of these files, by their names, as a document of CSV on the Web."""
    return _document(
        {
            "@context": "http://www.w3.org/ns/csvw",
            "tables": [{"url": name, "tableSchema": _schema(columns)} for name, columns in tables.items()],
        }
    )


def renewed(metadata: str, name: str, columns: Sequence[Column]) -> str | None:
    """Return a document with other columns for a file; None where it tells nothing of that file."""
    try:
        document = json.loads(metadata)
        tables = [table for table in document["tables"] if table["url"] == name]
    except (ValueError, KeyError, TypeError):  # somebody else's
        return None
    for table in tables:
        table["tableSchema"] = _schema(columns)
    return _document(document) if tables else None


def _schema(columns: Sequence[Column]) -> Mapping[str, Any]:  # Any: JSON
    return {"columns": [{"titles": column.name, "datatype": DATATYPES[column.kind], "null": ""} for column in columns]}


def _document(content: Mapping[str, Any]) -> str:  # Any: JSON
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def columns_in(metadata: str, name: str) -> list[Column]:
    """Return the columns of a file, as `metadata_of` wrote them. Raises KeyError for a file that is not in it."""
    kinds = {datatype: kind for kind, datatype in DATATYPES.items()}
    for table in json.loads(metadata)["tables"]:
        if table["url"] == name:
            found = table["tableSchema"]["columns"]
            return [Column(name=each["titles"], kind=kinds[each["datatype"]]) for each in found]
    raise KeyError(name)
