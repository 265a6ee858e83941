"""Tables on narrow terminals: where the columns do not fit, each row becomes lines of its own, and no id is cut."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text


def print_fitting(console: Console, view: RenderableType) -> None:
    """Print a view; of its tables, those that are wider than the console as lines."""
    for part in _parts(view):
        if isinstance(part, Table) and part.show_header and _least_width(console, part) > console.width:
            for line in _lines(console, part):
                console.print(line, soft_wrap=True)
        else:
            console.print(part)


def _parts(view: RenderableType) -> Iterator[RenderableType]:
    if isinstance(view, Group):
        for part in view.renderables:
            yield from _parts(part)
    else:
        yield view


def _least_width(console: Console, table: Table) -> int:
    """Return how many characters a row takes whose words are whole."""
    unlimited = console.options.update(width=10_000)
    return Measurement.get(console, unlimited, table).minimum


def _lines(console: Console, table: Table) -> Iterator[Text]:
    """Yield each row as lines of a heading and a value, and an empty line between two rows."""
    headings = [_text(console, column.header) for column in table.columns]
    width = max((heading.cell_len for heading in headings), default=0)
    for number, row in enumerate(zip(*(column.cells for column in table.columns), strict=True)):
        if number:
            yield Text()
        for heading, cell in zip(headings, row, strict=True):
            label = Text(heading.plain.ljust(width + 2), style="dim")
            yield label.append_text(_text(console, cell))


def _text(console: Console, cell: RenderableType) -> Text:
    return cell.copy() if isinstance(cell, Text) else console.render_str(str(cell), markup=False, emoji=False)
