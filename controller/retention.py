"""Whose checkpoints may go: a pure judgement, by the experiment's rule, of what will never be trained further.

A judgement is final. A trial that has ended does not come back, and one that is not the best will not become it, so it
does no harm when two controllers collect at once, or when one is killed halfway.

A worker may outlive its attempt: on a node that lost the cluster, or while its Pod still has its grace. It could store
one more checkpoint after the others were removed. So what was removed early is looked for once more, a day later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, assert_never

from podium.taxonomy import TrialState

Rule = Literal["best", "last", "none"]

STRAGGLERS = timedelta(hours=24)
"""So long after its attempt's end no worker writes any more: it has given up the controller long before."""


class Stored(StrEnum):
    """What is stored of checkpoints, as far as they were seen to."""

    KEPT = "kept"
    """They are there, if there were any; what becomes of them is open."""
    STAYS = "stays"
    """The rule keeps them for good."""
    REMOVED = "removed"
    """They were removed, and a straggler may have written since."""
    GONE = "gone"
    """They were removed after all stragglers."""


OPEN = (Stored.KEPT, Stored.REMOVED)


class Fate(StrEnum):
    """What the rule says of a trial's checkpoints at the moment."""

    NEEDED = "needed"
    """The trial may be resumed, or is the best as yet."""
    STAYS = "stays"
    GOES = "goes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A trial's checkpoints, and what decides on them. No attempt of it is alive."""

    state: TrialState
    stored: Stored
    is_best: bool
    """The best so far: at full fidelity, or at the highest rung reached while none is.

    Of several objectives, one of the front.
    """
    is_over: bool
    """Its experiment has ended, and nothing of it runs any more."""
    ended_at: datetime
    """When its last attempt did."""


def fate_of(lineage: Lineage, rule: Rule) -> Fate:
    """Judge a trial's checkpoints. Those of a trial that may be resumed are needed, whatever the rule."""
    match lineage.state:
        case TrialState.RUNNING:
            return Fate.NEEDED
        case TrialState.PAUSED if not lineage.is_over:
            return Fate.NEEDED
        case TrialState.PAUSED | TrialState.COMPLETED | TrialState.STOPPED | TrialState.FAILED:
            pass
        case _ as unknown:
            assert_never(unknown)
    match rule:
        case "last":
            return Fate.STAYS
        case "best" if lineage.is_best:
            return Fate.STAYS if lineage.is_over else Fate.NEEDED
        case "best" | "none":
            return Fate.GOES
        case _ as strange:
            assert_never(strange)


def once_removed(stored: Stored, ended_at: datetime, now: datetime) -> Stored | None:
    """Return what to note when they are removed now; None when there is no need to."""
    after = Stored.GONE if now - ended_at >= STRAGGLERS else Stored.REMOVED
    return None if stored in (after, Stored.GONE) else after
