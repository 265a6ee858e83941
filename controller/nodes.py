"""Which nodes to avoid: a pure judgement of how attempts ended where.

A node is bad when trial after trial fails on it while trials of the very same experiments do well on other nodes. Where
an experiment fails everywhere, its training is at fault, and no node is.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from podium.taxonomy import EndReason

FAILED_TRIALS = 3
"""So many different trials, one after the other, make a node bad; one broken trial that comes back does not."""
MEMORY = timedelta(hours=24)
"""Older endings are forgotten, so that a node that was mended is tried again."""
SUSPICIOUS = (EndReason.BUG, EndReason.BAD_NODE, EndReason.SCHEDULING)
"""Ends that a node can cause: broken drivers, full disks, images that it cannot pull."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnding:
    """How one attempt ended on its node."""

    node: str
    experiment: str
    trial: int
    reason: EndReason
    has_progressed: bool

    @property
    def did_well(self) -> bool:
        return self.has_progressed or self.reason in (EndReason.SUCCEEDED, EndReason.STOPPED)


def bad_nodes(latest_first: Iterable[NodeEnding]) -> frozenset[str]:
    """Return the nodes on which the latest attempts of several trials failed, while others did well elsewhere."""
    endings = tuple(latest_first)
    sound: dict[str, set[str]] = defaultdict(set)  # where each experiment did well
    for ending in endings:
        if ending.did_well:
            sound[ending.experiment].add(ending.node)
    failed: dict[str, set[int]] = defaultdict(set)
    cleared: set[str] = set()
    for ending in endings:
        if ending.did_well:
            cleared.add(ending.node)  # whatever failed there before, it works again
        elif ending.node not in cleared and ending.reason in SUSPICIOUS and sound[ending.experiment] - {ending.node}:
            failed[ending.node].add(ending.trial)
    return frozenset(node for node, trials in failed.items() if len(trials) >= FAILED_TRIALS)
