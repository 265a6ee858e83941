"""Figures drawn in a process of their own: a model is learned there and a hundred thousand points become text, while
reports go on to be answered (docs/decisions/0021).

The process is started with the first figure and draws with low priority. It keeps the last records and kernels, so that
a page's figures are drawn from one copy.
"""

import hashlib
import os
import pickle
import resource
import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from controller import apart
from controller.apart import Apart
from controller.figures.names import FigureName, View
from controller.figures.record import Record

NICENESS = 10
PATIENCE_SECONDS = 300.0
"""For one figure, the model that it shows learned within; the next one does not wait behind it for good."""
GROWTH_BYTES = 448 * 2**20
"""Beside the 210 MB that its libraries take: four records of 10,000 trials, with what is drawn of them, take 320 MB.
Beyond this a figure fails with its traceback, before the kernel ends a process of its own choice."""
MOST_RECORDS = 4
"""That the process keeps; one of 10,000 trials takes some 40 MB."""
MOST_DRAWINGS = 64
"""That are kept as text, of 1 MB at most each."""
Key = TypeVar("Key", bound=Hashable)
Kept = TypeVar("Kept")


class Latest(Generic[Key, Kept]):
    """The entries that were used last: so many, or such as weigh so much together. The very last is always there."""

    def __init__(self, most: int, *, weigh: Callable[[Kept], int] = lambda entry: 1) -> None:
        self._entries: OrderedDict[Key, Kept] = OrderedDict()
        self._most, self._weigh = most, weigh

    def get(self, key: Key) -> Kept | None:
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def put(self, key: Key, entry: Kept) -> Kept:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > 1 and sum(map(self._weigh, self._entries.values())) > self._most:
            self._entries.popitem(last=False)
        return entry

    def clear(self) -> None:
        self._entries.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A record as it is sent, and what tells it from others."""

    content: bytes
    digest: str

    @classmethod
    def of(cls, record: Record) -> "Bound":
        content = pickle.dumps(record, pickle.HIGHEST_PROTOCOL)
        return cls(content=content, digest=hashlib.sha256(content).hexdigest()[:32])


class Drawer:
    """Draws for one thread at a time. Close it when done."""

    def __init__(self) -> None:
        self._apart: Apart | None = None
        self.edition = secrets.token_hex(4)
        """Tells its drawings from those of another process, which may draw the same record differently."""
        self._drawings: Latest[tuple[str, FigureName, View], bytes] = Latest(MOST_DRAWINGS)

    def draw(self, bound: Bound, name: FigureName, view: View) -> bytes:
        """Return a figure as plotly's JSON; the same one is drawn once. Raises apart.Failed."""
        key = (bound.digest, name, view)
        known = self._drawings.get(key)
        if known is not None:
            return known
        if self._apart is None:
            self._apart = Apart(
                "controller.drawing", "the process that draws figures", patience_seconds=PATIENCE_SECONDS
            )
        drawn = self._apart.ask(*key, None)
        if drawn is None:  # it does not have this record, or was replaced by one that has none
            drawn = self._apart.ask(*key, bound.content)
        assert isinstance(drawn, bytes)
        return self._drawings.put(key, drawn)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._apart is not None:
            self._apart.close()


def main(growth_bytes: int = GROWTH_BYTES) -> None:
    """Draw until the questions end."""
    from controller.figures.drawing import draw, study_of  # noqa: PLC0415  # plotly and scipy, for this process alone
    from controller.figures.study import Study  # noqa: PLC0415
    from controller.optimizer.memory import Remembering  # noqa: PLC0415
    from controller.optimizer.threads import one_thread  # noqa: PLC0415

    os.nice(NICENESS)
    grow_at_most(growth_bytes)
    learn = Remembering()
    records: Latest[str, Record] = Latest(MOST_RECORDS)
    studies: Latest[tuple[str, str | None], Study] = Latest(MOST_RECORDS)

    def answer(digest: str, name: FigureName, view: View, content: bytes | None) -> bytes | None:
        if content is not None:
            records.put(digest, pickle.loads(content))
        record, key = records.get(digest), (digest, view.objective)
        if record is None:
            return None
        study = studies.get(key) or studies.put(key, study_of(record, view, learn))
        drawn: str = draw(name, study, view).to_json()
        return drawn.encode()

    def answer_or_forget(digest: str, name: FigureName, view: View, content: bytes | None) -> bytes | None:
        try:
            return answer(digest, name, view, content)
        except MemoryError:  # the next figure may need less, once this one's record is gone
            records.clear()
            studies.clear()
            raise

    with one_thread():
        apart.answer_all(answer_or_forget)


def grow_at_most(growth_bytes: int) -> None:
    """Let this process take so much memory more, as of now. Where a system does not say what it has, nothing is done.

    Addresses are what is limited: how many of them the libraries set aside depends on the machine.
    """
    told = Path("/proc/self/statm")
    if told.exists():
        taken = int(told.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + growth_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
