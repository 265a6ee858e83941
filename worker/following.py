"""The trial as it is known to the processes that follow the first: what is to be trained, and nobody to tell it to."""

from podium.preemption import Preemption
from podium.sdk import Trial
from podium.wire import RunAssignment


class Follower(Trial):
    """Knows the facts of a trial. What reports, stores or ends it is left to the first process, by `Together.told`."""

    def __init__(self, assignment: RunAssignment, preemption: Preemption) -> None:
        self.assignment = assignment
        self.start_epoch = 0
        self._preemption = preemption
