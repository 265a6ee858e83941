"""What labels are made of, as make, model and year; and which of it an error mistook.

A label without attributes is named in the log, once, and its errors are left out of the split: they stand in every
other result. A source that fits no label at all is a mistake in the experiment, told before anything is trained.
"""

import csv
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from podium.results import AttributeErrors, Cell, Combination
from podium.trainer import LabelAttributes
from worker.images import UnusableData

Attributes = Mapping[str, Mapping[str, str]]
"""By label, then by the attribute's name. Every label that is there has all of them."""

LABEL = "label"
NAMED = 3
"""Labels without attributes that the log names, of possibly hundreds."""

_log = logging.getLogger(__name__)


def attributes_of(source: LabelAttributes, classes: Sequence[str]) -> Attributes:
    """Return the attributes of those labels that have any, and log which have none. Raises UnusableData."""
    if source.csv is not None:
        where, known = f"`training.label_attributes.csv` ({source.csv})", _read_csv(Path(source.csv))
    else:
        where, known = "`training.label_attributes.pattern`", _matched(source.pattern or "", classes)
    found = {label: known[label] for label in classes if label in known}
    unknown = [label for label in classes if label not in found]
    if not found:
        raise UnusableData(f"{where} fits none of the {len(classes)} labels, such as {classes[0]!r}; correct it")
    if unknown:
        names = ", ".join(map(repr, unknown[:NAMED])) + (", ..." if len(unknown) > NAMED else "")
        _log.warning(
            "podium: %s has no attributes for %d of %d labels (%s); errors that involve them are not split",
            where,
            len(unknown),
            len(classes),
            names,
        )
    return found


def mistaken(attributes: Attributes, label: str, predicted: str) -> list[str] | None:
    """Return the names of the attributes in which two labels differ; None where those of either are not known."""
    if label not in attributes or predicted not in attributes:
        return None
    one, other = attributes[label], attributes[predicted]
    return [name for name in one if one[name] != other[name]]


def split_errors(matrix: Sequence[Cell], classes: Sequence[str], attributes: Attributes) -> AttributeErrors:
    """Count errors by attribute and by set of attributes."""
    combinations: Counter[tuple[str, ...]] = Counter()
    left_out = 0
    for cell in matrix:
        if cell.label == cell.predicted:
            continue
        names = mistaken(attributes, classes[cell.label], classes[cell.predicted])
        if names is None:
            left_out += cell.images
        else:
            combinations[tuple(names)] += cell.images
    every = next(iter(attributes.values()))
    return AttributeErrors(
        wrong={name: sum(count for names, count in combinations.items() if name in names) for name in every},
        combinations=[Combination(mistaken=list(names), count=count) for names, count in combinations.most_common()],
        left_out=left_out,
        unknown_labels=[label for label in classes if label not in attributes],
    )


def _matched(pattern: str, classes: Sequence[str]) -> Attributes:
    expression = re.compile(pattern)
    return {label: found.groupdict(default="") for label in classes if (found := expression.fullmatch(label))}


def _read_csv(path: Path) -> Attributes:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets begin a file with a byte order mark
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableData(f"{path} cannot be read as the CSV of label attributes ({error}); correct it") from None
    header, *lines = rows or [[]]
    if len(header) < 2 or header[0] != LABEL or len(set(header)) < len(header) or "" in header:
        raise UnusableData(f"{path} begins with {','.join(header)!r}; name its columns, as in label,make,model,year")
    found: dict[str, Mapping[str, str]] = {}
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        if len(line) != len(header):
            raise UnusableData(f"{path}: row {number} has {len(line)} columns, not the header's {len(header)}")
        label, *values = line
        if label in found:
            raise UnusableData(f"{path}: row {number} gives attributes of {label!r} a second time; remove one")
        found[label] = dict(zip(header[1:], values, strict=True))
    return found
