"""What a reader of an imported spec must know: line by line, what is not as it was."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    LOST = "lost"
    """Podium has nothing like it."""
    CHANGED = "changed"
    """Podium has something like it, and that is what was written."""
    ASSUMED = "assumed"
    """The source does not say, and a spec must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    kind: Kind
    where: str
    """The path in the source: `optimization.parameters[3].prior`."""
    words: str
    line: int | None = None
    """In the source, the first being 1; None where it has no lines."""

    def __str__(self) -> str:
        at = "" if self.line is None else f"line {self.line}: "
        return f"{self.kind}: {at}{self.where}: {self.words}"
