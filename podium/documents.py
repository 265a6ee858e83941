"""Read what a user wrote as YAML 1.2 or JSON: `1e-4` is a number, `no` a word, only true and false are booleans."""

import io

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError


class UnreadableDocument(ValueError):
    """The text is neither YAML nor JSON; the message says where it breaks."""


def read_document(text: str) -> object:
    """Return the document in `text`. JSON is read as the YAML that it is. Raises UnreadableDocument."""
    try:
        return YAML(typ="safe", pure=True).load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UnreadableDocument(f"not valid YAML or JSON{where}: {error.problem or error.context}") from None
    except (YAMLError, ValueError) as error:
        raise UnreadableDocument(f"not valid YAML or JSON: {error}") from None
