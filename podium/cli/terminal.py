"""Where words go: results to stdout, progress to stderr, and what a user got wrong to the edge."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import typer
from rich.console import Console

PIPE_WIDTH = 160
"""Characters in a line when nobody's terminal sets it, so that `podium ls | grep` finds whole rows."""

_remarks_are_wanted = ContextVar("remarks_are_wanted", default=True)


class BadInput(Exception):
    """What the user typed or wrote cannot be used. `lines` go below the message, one for each fault."""

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.lines = list(lines)


def results() -> Console:
    """Return the console for what a command was asked for."""
    return _console(to_stderr=False)


def remarks() -> Console:
    """Return the console for progress and hints, which a pipe must not see."""
    return _console(to_stderr=True)


@contextmanager
def remarking(wanted: bool) -> Iterator[None]:
    """Let `remarks` print within the block, or let it not."""
    before = _remarks_are_wanted.set(wanted)
    try:
        yield
    finally:
        _remarks_are_wanted.reset(before)


def say(line: str) -> None:
    """Print a line about what was done, which --quiet leaves out."""
    if _remarks_are_wanted.get():
        typer.echo(line)


def _console(*, to_stderr: bool) -> Console:
    is_quiet = to_stderr and not _remarks_are_wanted.get()
    console = Console(stderr=to_stderr, highlight=False, markup=False, emoji=False, quiet=is_quiet)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console
