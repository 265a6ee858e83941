"""What a block that is not run can still be held to: it compiles, the command line takes it, it is a sound spec."""

import ast
import importlib
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter
from typer.main import get_command

from podium.cli.app import app
from podium.documents import read_document
from podium.faults import SpecRejected, parse_spec
from tests.builders import Document, spec_document
from tests.docs.blocks import Block, Untrue

PROMPTLESS = re.compile(r"^podium .*", re.MULTILINE)
TRAINING: Document = spec_document(trial=None, training={"dataset": "digits"})
OWN_SCRIPT: Document = spec_document()


def look_over(block: Block) -> None:
    """Raise Untrue, or what the block's reader raises, where a block cannot be right."""
    match block.language:
        case "python":
            compile(block.text, f"line {block.line}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        case "sh":
            for command in commands_of(block.text):
                take_command(command)
        case "json":
            _take_json(block)
        case "yaml":
            take_spec(read_document(block.text))
        case "text":
            pass
        case _:
            raise Untrue(f"line {block.line}: a block in {block.language or 'no language'}; name sh, python, text, …")


def commands_of(script: str) -> Iterator[list[str]]:
    """Yield the `podium` commands that begin a line, without what is optional in a synopsis being marked as such."""
    for line in PROMPTLESS.findall(script.replace("\\\n", " ")):
        words = shlex.split(
            re.split("[|<>]", line)[0].replace("[", "").replace("]", "").replace("...", ""), comments=True
        )
        yield words[1:]


def take_command(words: list[str]) -> None:
    """Raise a usage error unless `podium` takes these words; nothing is run."""
    command: Any = get_command(app)
    name = "podium"
    while hasattr(command, "commands"):
        name, words = words[0], words[1:]
        if name not in command.commands:
            raise Untrue(f"podium has no command {name!r}")
        command = command.commands[name]
    command.make_context(name, list(words))


def take_spec(document: object) -> None:
    """Raise SpecRejected unless this is a spec, or part of one: of a search with a script, or with Podium's trainer."""
    if not isinstance(document, dict):
        raise Untrue(f"not a spec, nor a part of one: {document!r}")
    if "name" in document:
        parse_spec(document)
        return
    try:
        parse_spec(_merged(OWN_SCRIPT, document))
    except SpecRejected:
        parse_spec(_merged(TRAINING, document))


def _merged(base: Document, part: Document) -> Document:
    """Lay a part over a spec: `trial` and `training` add to what is there, other sections take its place."""
    added: Document = {
        name: {**base[name], **part[name]} for name in ("trial", "training") if name in part and name in base
    }
    return {**base, **part, **added}


def _take_json(block: Block) -> None:
    value = json.loads(block.text)
    if block.model:
        module, _, name = block.model.partition(":")
        TypeAdapter(getattr(importlib.import_module(module), name)).validate_python(value)
