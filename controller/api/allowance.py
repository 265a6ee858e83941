"""How often somebody may do something: token buckets, of whoever was seen last, in this process' memory alone.

With several replicas of the API each allows as much. They are there against floods, not to count.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    burst: int
    """So many at once."""
    per_second: float
    """So many more as time goes on."""

    def level(self, left: float, seconds: float) -> float:
        """Return what is left after some time."""
        return min(float(self.burst), left + max(0.0, seconds) * self.per_second)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bucket:
    left: float
    at: datetime


class Allowances:
    """The buckets of one kind, by name. One thread uses them: the event loop's."""

    def __init__(self, allowance: Allowance, most_kept: int) -> None:
        """Keep `most_kept` buckets; of more, the one that was not used for longest is forgotten, and so is full."""
        self._allowance, self._most_kept = allowance, most_kept
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, now: datetime) -> float:
        """Take one; return 0, or where there is none left the seconds until there is."""
        left = self._left(name, now)
        is_allowed = left >= 1
        self._keep(name, _Bucket(left=left - is_allowed, at=now))
        return 0.0 if is_allowed else (1 - left) / self._allowance.per_second

    def give_back(self, name: str, now: datetime) -> None:
        """Undo a `take`: it was for something that is not limited."""
        self._keep(name, _Bucket(left=self._left(name, now) + 1, at=now))

    def _left(self, name: str, now: datetime) -> float:
        bucket = self._buckets.get(name)
        if bucket is None:
            return float(self._allowance.burst)
        return self._allowance.level(bucket.left, (now - bucket.at).total_seconds())

    def _keep(self, name: str, bucket: _Bucket) -> None:
        self._buckets[name] = bucket
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most_kept:
            self._buckets.popitem(last=False)
