"""What an attempt has printed since it was last looked at: pure functions of two ends of one log.

The controller tells the last lines alone, 50 of them or 8 KiB, and not where in the log they stand. What is new is what
comes after their overlap with the lines before. Lines that repeat themselves may hide that more of them came.
"""

from dataclasses import dataclass

from podium.taxonomy import AttemptState
from podium.wire import Attempt

SURE_LETTERS = 100
"""So long an overlap is no chance, even where it begins within a line."""
CUT = "\N{REPLACEMENT CHARACTER}"
"""Stands for what is left of a letter that was cut in two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What an attempt printed from one look to the next, or that it has ended."""

    attempt: Attempt
    """As it was seen with this."""
    text: str
    """Lines, each with its end: one that was caught half-written goes on in the next. Empty for nothing new."""
    is_after_gap: bool = False
    """Whether lines before it were never seen: more came at once than is kept."""


def output_of(before: Attempt | None, now: Attempt) -> Output | None:
    """Return what is new of an attempt since it was seen before; None for nothing. Its end is always new, once."""
    if before is not None and before.state is AttemptState.ENDED:
        return None
    known = before.log_tail if before is not None else ""
    new, is_after_gap = news(known, now.log_tail)
    if not new and now.state is not AttemptState.ENDED:
        return None
    return Output(attempt=now, text=new, is_after_gap=is_after_gap)


def news(before: str, now: str) -> tuple[str, bool]:
    """Return the lines that are in the end of a log now and were not before, and whether some between were missed."""
    if now in ("", before):
        return "", False
    known, seen = before.rstrip(CUT), now.lstrip(CUT)
    shared = _overlap(known, seen)
    if not shared:
        return f"{now}\n", before != ""
    rest = seen[shared:]
    return (rest.removeprefix("\n") + "\n" if rest else ""), False


def _overlap(known: str, seen: str) -> int:
    """Return how many letters of `seen`, the most possible, are the end of `known`."""
    for length in range(min(len(known), len(seen)), 0, -1):
        if seen.startswith(known[-length:]) and _is_sure(known, seen, length):
            return length
    return 0


def _is_sure(known: str, seen: str, length: int) -> bool:
    """Say whether an overlap is no chance. Of a half-written line alone it may be: "step 50" begins "step 501", too."""
    begin = len(known) - length
    if begin == 0 or length >= SURE_LETTERS:
        return True
    has_whole_line = "\n" in known[begin:] or seen[length : length + 1] in ("", "\n")
    return known[begin - 1] == "\n" and has_whole_line
