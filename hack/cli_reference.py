"""Makes docs/cli.md, the reference of the `podium` command, from the command itself.

python -m hack.cli_reference [--check]
"""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import get_args

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from hack import generated
from podium.cli.app import app
from podium.cli.exit_codes import EXIT_CODES
from podium.cli.leaves import commands
from podium.cli.terminal import PIPE_WIDTH

REFERENCE = generated.ROOT / "docs" / "cli.md"
DEFAULT = re.compile(r"\s*\[default: (.*)\]$")
TYPES = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}
HEAD = """\
# The command line

<!-- made from podium/cli by `make reference`; change it there -->

What every `podium` command takes, made from the commands themselves; `podium COMMAND --help` says the same.

## What holds for all

**Output.** A command that tells something takes `--output table|json|yaml` (`-o`). JSON and YAML are one document,
and the same as the [API](sdk.md) answers with: an object, or a list of them. `report`, `export` and `import` write
files, and their `--output` names one. What was asked for goes to stdout; progress and remarks go to stderr.

**Quiet.** `--quiet` (`-q`) leaves out all remarks, and prints ids alone, a line each, where there are any; with
`--output json` or `yaml` the document. Errors are still told.

**Terminals.** Colours go to terminals only, and to none where `NO_COLOR` is set. Where a table is wider than the
terminal (or `COLUMNS`), each row becomes lines of its own; no id is ever cut. Into a pipe, lines are {pipe}
characters wide.

**Completion.** `podium --install-completion` adds it to bash, zsh, fish or PowerShell, and `podium --show-completion`
prints it. Ids of experiments are asked of the controller, for a second at most.

**Exit codes.**

| code | meaning |
|---|---|
{codes}

**Which controller.** `--url`, else `PODIUM_URL`, else what `podium login` keeps, else what runs in `./.podium`, else
`http://127.0.0.1:8080`. The token is `PODIUM_TOKEN`, or the one that was kept for this very address.
`podium whoami` says which both are, and from where.
"""


def reference() -> str:
    """Return the page."""
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    parts = [HEAD.format(codes=codes, pipe=PIPE_WIDTH)]
    parts += ["\n".join(_section(name, command)) for name, command in commands(app)]
    return "\n".join(parts)


def _section(name: str, command: TyperCommand | TyperGroup) -> Iterator[str]:
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    options = [each for each in command.params if isinstance(each, TyperOption)]
    yield f"## `{name}`\n"
    yield f"{_prose(command.help or '')}\n"
    words = " ".join([name, *(_metavar(each) for each in arguments), "[OPTIONS]"])
    yield "<!-- not run: how it is called -->"
    yield f"```text\n{words + ' COMMAND' if isinstance(command, TyperGroup) else words}\n```\n"
    if isinstance(command, TyperGroup):
        for word, inner in command.commands.items():
            yield f"- [`{name} {word}`](#{f'{name} {word}'.replace(' ', '-')}): {_first_line(inner.help or '')}"
        yield ""
    rows = [*map(_argument_row, arguments), *map(_option_row, options)]
    yield "| | default | meaning |\n|---|---|---|"
    yield from rows
    yield ""


def _argument_row(argument: TyperArgument) -> str:
    default, meaning = _told_default(argument.help or "")
    return f"| `{_metavar(argument).strip('[]')}` | {'required' if argument.required else default} | {meaning} |"


def _option_row(option: TyperOption) -> str:
    names = [*option.opts, *option.secondary_opts]
    value = "" if option.is_flag else f" {_metavar(option)}"
    shown = ", ".join(f"`{name}{value}`" for name in names)
    default, meaning = _told_default(option.help or "")
    if option.envvar:
        meaning += f" From `{option.envvar if isinstance(option.envvar, str) else '`, `'.join(option.envvar)}`."
    return f"| {shown} | {_default(option) or default} | {meaning} |"


def _metavar(parameter: TyperArgument | TyperOption) -> str:
    if parameter.metavar:
        return parameter.metavar
    annotation = parameter.type_descriptor.annotation
    kind = next(iter(get_args(annotation)), annotation)  # of an option that may be given several times
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "\\|".join(str(choice.value) for choice in kind)
    return TYPES[kind]


def _default(option: TyperOption) -> str:
    if option.required:
        return "required"
    default = option.default
    if option.is_flag:
        return ("`" + option.opts[0] + "`" if default else "") if option.secondary_opts else ""
    if default is None or callable(default) or default in ((), []):
        return ""
    return f"`{getattr(default, 'value', default)}`"


def _told_default(text: str) -> tuple[str, str]:
    """Return the default that a help text tells of, or nothing, and the rest, both fit for a cell of a table."""
    words = _prose(text).replace("|", "\\|").replace("\n", " ")
    found = DEFAULT.search(words)
    return (found[1], DEFAULT.sub("", words)) if found else ("", words)


def _prose(text: str) -> str:
    return re.sub(r" +", " ", text).strip()


def _first_line(text: str) -> str:
    return _prose(text).partition("\n")[0]


if __name__ == "__main__":
    generated.main({REFERENCE: reference()}, remedy="make reference")
