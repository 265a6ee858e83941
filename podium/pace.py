"""How often an epoch under way is told of: at a set interval, and never so that telling slows the training down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST = 0.05
"""Share of the time that telling may take. A network that swallows every request costs no more."""


@dataclass(slots=True, kw_only=True)
class Pace:
    seconds: float
    clock: Callable[[], float]
    _due_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Let the interval begin now: all that there is was told."""
        self._due_at = self.clock() + self.seconds

    @property
    def is_due(self) -> bool:
        return self.clock() >= self._due_at

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell within this block; what takes long is done the more seldom."""
        began = self.clock()
        try:
            yield
        finally:
            ended = self.clock()
            self._due_at = ended + max(self.seconds, (ended - began) / MOST)
