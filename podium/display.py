"""Progress shown while someone waits: live on a terminal, a card in a notebook, lines elsewhere, or nothing."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from podium.card import card_html, card_line
from podium.snapshot import Snapshot

Show = Callable[[Snapshot], None]


class Display:
    """Shows snapshots, between `with` and the end of its block."""

    @staticmethod
    def none() -> "Display":
        return Display()

    @staticmethod
    def here() -> "Display":
        """Return what suits the place: this process is a notebook's kernel, or has a terminal, or neither."""
        if _is_notebook():
            return NotebookDisplay()
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        return TerminalDisplay(console) if console.is_terminal else LineDisplay(console)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is to be put away."""

    def show(self, moment: Snapshot) -> None:
        """Nothing is shown."""


class LineDisplay(Display):
    """A line for each news, as for a log."""

    def __init__(self, console: Console) -> None:
        self._console, self._said = console, ""

    def show(self, moment: Snapshot) -> None:
        line = _line(moment)
        if line != self._said:
            self._console.print(line, soft_wrap=True)
        self._said = line


class TerminalDisplay(Display):
    """A line that changes in its place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, moment: Snapshot) -> None:
        self._live.update(Text(_line(moment)), refresh=True)


class NotebookDisplay(Display):
    """A card below the cell that changes in its place, without a widget's help."""

    def __init__(self) -> None:
        self._handle: Any = None  # Any: IPython ships no types for it

    def show(self, moment: Snapshot) -> None:
        from IPython.display import HTML, display  # noqa: PLC0415  # there, or this is no notebook

        card = HTML(card_html(moment.experiment, moment.trouble))
        if self._handle is None:
            self._handle = display(card, display_id=True)
        else:
            self._handle.update(card)


def _line(moment: Snapshot) -> str:
    return card_line(moment.experiment) + (f" ({moment.trouble})" if moment.trouble else "")


def _is_notebook() -> bool:
    """Say whether a kernel runs this process; IPython on a terminal is a terminal. Imports nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
