"""What to say about the results of a full training: pure functions of their summary."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from podium.cli.phrases import MISSING, counted, number
from podium.results import AttributeErrors, ClassResult, Summary

SHOWN = 10
"""Rows of each table; the files hold the rest."""


def results_view(trial: int, summary: Summary) -> RenderableType:
    """Show a trial's measures, its worst labels, its commonest errors and what they mistook."""
    title = Text(f"trial {trial}", style="bold")
    title.append(
        f"  after epoch {summary.epoch}, on {counted(summary.images, f'{summary.part} image')}", style="not bold"
    )
    parts: list[RenderableType] = [title, _measures(summary), Text(), _worst_classes(summary.classes)]
    if summary.confusions:
        parts += [Text(), _confusions(summary)]
    if summary.attribute_errors is not None:
        parts += [Text(), _attribute_errors(summary.attribute_errors)]
    return Group(*parts)


def _measures(summary: Summary) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_row("top-1 accuracy", _percent(summary.top1))
    grid.add_row("top-5 accuracy", _percent(summary.top5))
    grid.add_row("loss", number(summary.loss))
    grid.add_row("macro F1", number(summary.macro_f1))
    grid.add_row("calibration error", number(summary.calibration_error))
    return grid


def _worst_classes(classes: list[ClassResult]) -> Table:
    ranked = sorted((each for each in classes if each.images), key=lambda each: each.correct / each.images)
    table = _table("worst labels", "accuracy", "right", "images")
    for each in ranked[:SHOWN]:
        table.add_row(Text(each.name), _percent(each.accuracy), str(each.correct), str(each.images))
    return table


def _confusions(summary: Summary) -> Table:
    has_attributes = summary.attribute_errors is not None
    table = _table("commonest errors", "taken for", "images", *(["mistaken"] if has_attributes else []))
    for each in summary.confusions[:SHOWN]:
        mistaken = [MISSING if each.mistaken is None else _joined(each.mistaken)] if has_attributes else []
        table.add_row(Text(each.label), Text(each.predicted), str(each.count), *map(Text, mistaken))
    return table


def _attribute_errors(errors: AttributeErrors) -> RenderableType:
    split = sum(each.count for each in errors.combinations)
    wrong = _table("mistaken", "errors", f"of {split}")
    for name, count in errors.wrong.items():
        wrong.add_row(Text(name), str(count), _percent(count / split if split else None))
    exactly = _table("mistaken together", "errors", f"of {split}")
    for each in errors.combinations[:SHOWN]:
        exactly.add_row(Text(_joined(each.mistaken)), str(each.count), _percent(each.count / split))
    parts: list[RenderableType] = [wrong, Text(), exactly]
    if errors.left_out:
        unknown = counted(len(errors.unknown_labels), "label")
        parts.append(Text(f"{counted(errors.left_out, 'more error')} with {unknown} without attributes"))
    return Group(*parts)


def _joined(names: list[str]) -> str:
    """Say `year only`, `make and model`, `make, model and year`."""
    if not names:
        return "nothing: same attributes"
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else f"{last} only"


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{share:.2%}"


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    return table
