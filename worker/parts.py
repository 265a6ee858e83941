"""How a batch is cut: in parts that pass one after the other, or in shares for several processes.

All are as even as can be, and none is smaller than what BatchNorm can normalize over.
"""

from dataclasses import dataclass
from itertools import pairwise

from worker.ranks import ALONE, Rank


def parts_of(count: int, at_once: int | None, *, least: int) -> list[slice]:
    """Cut `count` images in as few parts as there are with at most `at_once` in each; None is for all of them.

    A part below `least` joins another: in twos, an odd batch has one of three.
    """
    wanted = 1 if at_once is None else -(-count // at_once)
    return _evenly(count, wanted, least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one of several processes takes of each batch."""

    rank: Rank = ALONE
    least: int = 1

    def of(self, count: int) -> slice:
        """Return its images; of a batch that is too small for all processes, some that others have, to pass in vain."""
        shares = _evenly(count, self.rank.processes, self.least)
        return shares[self.rank.number] if self.counts(count) else shares[0]

    def counts(self, count: int) -> bool:
        """Say whether it has images of its own in a batch of so many."""
        return self.rank.number < len(_evenly(count, self.rank.processes, self.least))


WHOLE = Share()


def halved(count: int, at_once: int | None, *, least: int) -> int | None:
    """Return half of the largest part as what is to pass at once; None where there are no smaller parts."""
    parts = parts_of(count, at_once, least=least)
    smaller = max(least, (largest(parts) + 1) // 2)
    return smaller if len(parts_of(count, smaller, least=least)) > len(parts) else None


def largest(parts: list[slice]) -> int:
    sizes: list[int] = [part.stop - part.start for part in parts]
    return max(sizes)


def _evenly(count: int, wanted: int, least: int) -> list[slice]:
    parts = max(1, min(wanted, count // least))
    ends = [count * number // parts for number in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]
