"""Read what a user wrote as YAML 1.2 or JSON: `1e-4` is a number, `no` a word, only true and false are booleans.

And write it, so that it is read as the same again.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node

Read = TypeVar("Read")

MAX_DEPTH = 64
"""Brackets within brackets; a spec needs four, and parsing deeper ones takes time and stack."""


class UnreadableDocument(ValueError):
    """The text is neither YAML nor JSON; the message says where it breaks."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        """Where it breaks, as far as that is a line; the first is 1."""


def read_document(text: str) -> object:
    """Return the document in `text`. JSON is read as the YAML that it is. Raises UnreadableDocument."""
    return _read(text, lambda reader, stream: reader.load(stream))


def read_nodes(text: str) -> Node | None:
    """Return the document as nodes, which know their lines; None where it is empty. Raises UnreadableDocument."""
    root: Node | None = _read(text, lambda reader, stream: reader.compose(stream))
    return root


def _read(text: str, how: Callable[[YAML, io.StringIO], Read]) -> Read:
    if _bracket_depth(text) > MAX_DEPTH:
        raise UnreadableDocument(f"brackets nested deeper than {MAX_DEPTH}; a spec needs four")
    reader = YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False  # YAML allows them; a warning would reach no user
    try:
        return how(reader, io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        told = f"not valid YAML or JSON{where}: {error.problem or error.context}"
        if error.problem == "but found another document":
            told = f"it holds several documents, of which another begins{where}: write each into a file"
        raise UnreadableDocument(told, mark.line + 1 if mark else None) from None
    except (YAMLError, ValueError) as error:
        raise UnreadableDocument(f"not valid YAML or JSON: {error}") from None
    except RecursionError:
        raise UnreadableDocument("nested too deep; a spec has four levels") from None


def _bracket_depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def write_document(document: Mapping[str, object] | Sequence[object]) -> str:
    """Write a document as YAML, its keys in their order, since rungs climb. Control characters become escapes."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # None, its default, is a yes
    written = io.StringIO()
    writer.dump(dict(document) if isinstance(document, Mapping) else list(document), written)
    return written.getvalue()
