"""Wrong tokens: how many are taken from one address, and from all. Against load: nobody guesses one of 2**256.

Addresses are shared, by whoever is behind one proxy. So somebody whose token has opened the door before is not kept
waiting for those who send wrong ones from where he is.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from controller.api.allowance import Allowance, Allowances
from controller.errors import TooMany
from controller.secret_words import digest_of

GUESSES = Allowance(burst=10, per_second=1 / 6)
"""From one address."""
ALL_GUESSES = Allowance(burst=100, per_second=5)
"""And from all."""
MOST_ADDRESSES, MOST_KNOWN = 10_000, 10_000
"""That are kept in mind; a bucket takes about 300 bytes, and so does a digest."""
EVERYBODY = "everybody"


@dataclass(frozen=True, kw_only=True)
class Guesses:
    """Of one door. One thread uses it: the event loop's."""

    from_one: Allowances = field(default_factory=lambda: Allowances(GUESSES, MOST_ADDRESSES))
    from_all: Allowances = field(default_factory=lambda: Allowances(ALL_GUESSES, 1))
    known: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """Digests of tokens that opened the door, those used last at the end."""

    def count(self, address: str, now: datetime) -> None:
        """Count an attempt. Raises TooMany."""
        wait_seconds = self.from_one.take(address, now) or self.from_all.take(EVERYBODY, now)
        if wait_seconds:
            raise TooMany("too many wrong tokens came from here, or from everywhere; wait a little", wait_seconds)

    def forgive(self, address: str, now: datetime) -> None:
        """Count an attempt no more: it was no guess."""
        self.from_one.give_back(address, now)
        self.from_all.give_back(EVERYBODY, now)

    def is_known(self, token: str) -> bool:
        return digest_of(token) in self.known

    def keep_in_mind(self, token: str) -> None:
        digest = digest_of(token)
        self.known[digest] = None
        self.known.move_to_end(digest)
        if len(self.known) > MOST_KNOWN:
            self.known.popitem(last=False)
