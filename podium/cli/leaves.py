"""Every command by its full name, as the command line has it: for its reference, and for tests that leave none out."""

from collections.abc import Iterator

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


def commands(app: typer.Typer, name: str = "podium") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Yield each group and command with its full name, in the order of the help, groups before what is theirs."""
    yield from _below(name, get_command(app))


def _below(name: str, command: object) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    if isinstance(command, TyperGroup):
        yield name, command
        for word, inner in command.commands.items():
            yield from _below(f"{name} {word}", inner)
    elif isinstance(command, TyperCommand):
        yield name, command
