"""At which lines of a text the faults of a spec stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from podium.documents import UnreadableDocument, read_nodes
from podium.fault import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    number: int
    text: str
    faults: Sequence[str]


def marked_lines(text: str, detail: str, faults: Sequence[Fault]) -> list[Line]:
    """Return the lines of a text that was refused, each with what is wrong there; `detail` where no fault is named."""
    by_line: dict[int, list[str]] = {}
    for number, told in _located(text, detail, faults):
        by_line.setdefault(number, []).append(told)
    return [
        Line(number=number, text=line, faults=by_line.get(number, []))
        for number, line in enumerate(text.split("\n"), start=1)
    ]


def _located(text: str, detail: str, faults: Sequence[Fault]) -> Iterator[tuple[int, str]]:
    try:
        root = read_nodes(text)
    except UnreadableDocument as error:
        yield error.line or 1, detail
        return
    if not faults:
        yield 1, detail
    for fault in faults:
        yield _line_of(root, 1, fault.path), str(fault)


def _line_of(node: Node | None, line: int, path: str) -> int:
    """Follow a path such as `parameters.momentum.low` or `guesses[0].depth` as far as it leads; return its line."""
    for child in _children(node):
        if path == child.name or path.startswith((f"{child.name}.", f"{child.name}[")):
            return _line_of(child.node, child.line, path[len(child.name) :].removeprefix("."))
    return line


class _Child(NamedTuple):
    name: str
    line: int
    node: Node


def _children(node: Node | None) -> Iterator[_Child]:
    match node:
        case MappingNode():
            for key, value in node.value:
                yield _Child(str(key.value), key.start_mark.line + 1, value)
        case SequenceNode():
            for place, item in enumerate(node.value):
                yield _Child(f"[{place}]", item.start_mark.line + 1, item)
