"""What the process that reconciles tells of itself: its last pass, as the name of the connection that holds the lock.

Whoever may ask PostgreSQL who holds the lock reads it beside that (pg_stat_activity), and it is gone with the process.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

FORM = "podium reconciler, passed %Y-%m-%dT%H:%M:%SZ, due in "
WRITTEN = re.compile(r"(?P<passed>podium reconciler, passed .{20}, due in )(?P<due>\d+) s")
BEFORE_THE_FIRST = "podium reconciler, no pass yet"
MOST_DUE_SECONDS = 9999
"""Of a name PostgreSQL keeps 63 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPass:
    ended_at: datetime
    due_seconds: float
    """After which the next one was to begin."""


def name_of(last: LastPass | None) -> str:
    if last is None:
        return BEFORE_THE_FIRST
    return f"{last.ended_at.astimezone(UTC):{FORM}}{min(round(last.due_seconds), MOST_DUE_SECONDS)} s"


def last_pass_in(name: str | None) -> LastPass | None:
    """Return what a connection's name tells; None for any other: of an older reconciler, or of a name kept from us."""
    found = WRITTEN.fullmatch(name or "")
    if found is None:
        return None
    try:
        ended_at = datetime.strptime(found["passed"], FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return LastPass(ended_at=ended_at, due_seconds=float(found["due"]))
