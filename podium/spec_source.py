"""An experiment's spec as a notebook has it: a spec, a mapping, a file, or YAML as text."""

import os
from collections.abc import Mapping
from pathlib import Path

from podium.documents import read_document
from podium.faults import parse_spec
from podium.spec import ExperimentSpec

SpecSource = ExperimentSpec | Mapping[str, object] | os.PathLike[str] | str


def spec_from(source: SpecSource) -> ExperimentSpec:
    """Return the spec that `source` holds. A string of one line is a file's path, unless it begins with a brace.

    Raises SpecRejected with every fault, podium.documents.UnreadableDocument, OSError for a file, and TypeError for
    anything else.
    """
    match source:
        case ExperimentSpec():
            return source
        case Mapping():
            return parse_spec(dict(source))
        case str() if "\n" in source.strip() or source.lstrip().startswith("{"):
            return parse_spec(read_document(source))
        case str() | os.PathLike():
            return parse_spec(read_document(Path(source).read_text(encoding="utf-8-sig")))
        case _:
            raise TypeError(f"a spec is a mapping, a file's path, or YAML of several lines; found {source!r}")
