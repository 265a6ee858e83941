"""A document that knows its lines, and collects what is said about them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from podium.documents import read_document, read_nodes
from podium.importing.remark import Kind, Remark
from podium.parameters import Value

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
Found = Mapping[str, Any]  # Any: whatever other tools wrote


class NotImportable(ValueError):
    """The source cannot be read as what it should be; the message says where, and what is wanted there."""


@dataclass(slots=True)
class Source:
    """What is read, with all that is to be said of it. Paths are those of the document: `spec.parameters[0].name`."""

    document: Found
    root: Node | None = None
    remarks: list[Remark] = field(default_factory=list)

    def lost(self, path: str, words: str) -> None:
        self._say(Kind.LOST, path, words)

    def changed(self, path: str, words: str) -> None:
        self._say(Kind.CHANGED, path, words)

    def assumed(self, path: str, words: str) -> None:
        self._say(Kind.ASSUMED, path, words)

    def unlisted(self, path: str, found: Found, known: Sequence[str], words: str = "") -> None:
        """Say of each key that is not known, and is not empty, that it is lost."""
        for key, value in found.items():
            if key not in known and value not in (None, "", [], {}):
                self.lost(f"{path}.{key}" if path else str(key), words or "Podium has nothing like it")

    def line_of(self, path: str) -> int | None:
        """Return the line of a path, or of the nearest part of it that stands in the document."""
        node, line = self.root, None
        for name, position in STEP.findall(path):
            if isinstance(node, MappingNode):
                pairs = {key.value: (key, value) for key, value in node.value}
                if name not in pairs:
                    break
                key, node = pairs[name]
                line = key.start_mark.line + 1
            elif isinstance(node, SequenceNode) and position and int(position) < len(node.value):
                node = node.value[int(position)]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def _say(self, kind: Kind, path: str, words: str) -> None:
        self.remarks.append(Remark(kind=kind, where=path, words=words, line=self.line_of(path)))


def read_source(text: str) -> Source:
    """Return one document of YAML or JSON. Raises UnreadableDocument, and NotImportable for anything but a mapping."""
    document = read_document(text)
    if not isinstance(document, Mapping):
        raise NotImportable("the file holds no mapping: keys with values, as an experiment is written")
    return Source(document, read_nodes(text))


def section(found: Found, key: str, path: str) -> Found:
    """Return a mapping within a mapping; empty where it is missing. Raises NotImportable for anything else."""
    value = found.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise NotImportable(f"{path}.{key} must hold keys with values, found {value!r}".removeprefix(".")[:300])
    return value


def sections(found: Found, key: str, path: str) -> list[Found]:
    """Return a list of mappings within a mapping; empty where it is missing. Raises NotImportable for anything else."""
    value = found.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise NotImportable(f"{path}.{key} must be a list of mappings, found {value!r}".removeprefix(".")[:300])
    return value


def values(found: Found, key: str, path: str) -> list[Value]:
    """Return a list of plain values within a mapping; empty where it is missing. Raises NotImportable for others."""
    given = found.get(key)
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(each, bool | int | float | str) for each in given):
        raise NotImportable(f"{path}.{key} must be a list of plain values, found {given!r}".removeprefix(".")[:300])
    return given


def number(value: object, path: str) -> float:
    """Return a finite number that may be written as text, as Katib does. Raises NotImportable."""
    try:
        if isinstance(value, bool):
            raise ValueError
        found = float(value)  # type: ignore[arg-type]  # whatever it is
        if not math.isfinite(found):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise NotImportable(f"{path} must be a number, found {value!r}"[:300]) from None
    return found


def whole(value: object, path: str) -> int:
    """Return a whole number that may be written as text. Raises NotImportable."""
    found = number(value, path)
    if not found.is_integer():
        raise NotImportable(f"{path} must be a whole number, found {value!r}")
    return int(found)
