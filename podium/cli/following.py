"""Snapshots of an experiment, shown as they come: live on a terminal, as lines elsewhere."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from podium.cli.progress import progress_line, progress_view
from podium.snapshot import Snapshot, is_at_rest
from podium.wire import Experiment

LINE_SECONDS = 3.0
"""At most one plain line in this time."""


def show(console: Console, moments: Iterator[Snapshot]) -> Experiment:
    """Show each snapshot, live on a terminal and as lines elsewhere; return the experiment as last seen."""
    return _show_live(console, moments) if console.is_terminal else _show_lines(console, moments)


def _show_live(console: Console, moments: Iterator[Snapshot]) -> Experiment:
    last = next(moments)
    with Live(_view(last), console=console, auto_refresh=False) as live:
        live.refresh()
        for last in moments:
            live.update(_view(last), refresh=True)
    return last.experiment


def _view(snapshot: Snapshot) -> RenderableType:
    view = progress_view(snapshot.experiment, snapshot.runs, snapshot.now)
    return Group(view, Text(snapshot.trouble, style="yellow")) if snapshot.trouble else view


def _show_lines(console: Console, moments: Iterator[Snapshot]) -> Experiment:
    said: Snapshot | None = None
    last: Snapshot | None = None
    for last in moments:
        if said is None or (_is_news(said, last) and _is_due(said, last)):
            line = progress_line(last.experiment, last.runs, last.now)
            console.print(f"{line} ({last.trouble})" if last.trouble else line, soft_wrap=True)
            said = last
    assert last is not None  # the first look yields or raises
    return last.experiment


def _is_news(said: Snapshot, seen: Snapshot) -> bool:
    told = (said.experiment.state, said.experiment.message, said.experiment.progress, said.trouble)
    return told != (seen.experiment.state, seen.experiment.message, seen.experiment.progress, seen.trouble)


def _is_due(said: Snapshot, seen: Snapshot) -> bool:
    return is_at_rest(seen.experiment, seen.runs) or (seen.now - said.now).total_seconds() >= LINE_SECONDS
