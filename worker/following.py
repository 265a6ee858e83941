"""The trial as it is known to the processes that follow the first: what is to be trained, and nobody to tell it to."""

from collections.abc import Iterator
from contextlib import contextmanager

from podium.preemption import Preemption
from podium.sdk import Trial
from podium.wire import RunAssignment


class Follower(Trial):
    """Knows the facts of a trial. What reports, stores or ends it is left to the first process, by `Together.told`."""

    def __init__(self, assignment: RunAssignment, preemption: Preemption) -> None:
        self.assignment = assignment
        self.start_epoch = 0
        self._preemption = preemption

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """Wait for the first process, which answers a SIGTERM for all: from the start, since that may be ahead."""
        yield

    def progress(self, *, epoch: int, share: float, samples_per_second: float | None = None, **metrics: float) -> None:
        """Leave it to the first process, which tells how far all are."""
