"""One thing wrong with a document that a user sent: its path, what was found, and what is allowed."""

import difflib
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, JsonValue

from podium.contract import Contract


class Fault(Contract):
    """One thing wrong with a document that a user sent."""

    path: Annotated[str, Field(examples=["parameters.momentum.low"])]
    found: JsonValue
    allowed: str

    def __str__(self) -> str:
        return f"{self.path or 'document'}: found {self.found!r}; allowed: {self.allowed}"


def suggest_name(name: str, known: Iterable[str]) -> str:
    """Phrase which names are allowed, the likeliest meant first."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    listed = "one of " + ", ".join(names) if names else "no key here"
    return f"{listed} (did you mean {close[0]!r}?)" if close else listed
