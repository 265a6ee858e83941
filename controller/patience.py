"""How long an attempt may take and be silent, learned from the epochs that its experiment has seen."""

import math

from podium.wire import LONGEST_EPOCH_SECONDS

SLACK = 10.0
"""An epoch may take so many times as long as the slowest before it: batch sizes, nodes and neighbours differ."""
SHORTEST_SILENCE_SECONDS = 30 * 60.0
LONGEST_DEADLINE_SECONDS = 2**31 - 1
UNKNOWN_SILENCE_SECONDS = 6 * 3600.0
"""Before the first report of an experiment: images are pulled, data is cached, and an epoch may be long."""


def silence_seconds(asked: int | None, slowest_epoch_seconds: float | None) -> float:
    """Return how long a running attempt may report nothing before it is given up."""
    if asked is not None:
        return float(asked)
    if slowest_epoch_seconds is None:
        return UNKNOWN_SILENCE_SECONDS
    return max(SHORTEST_SILENCE_SECONDS, SLACK * min(slowest_epoch_seconds, LONGEST_EPOCH_SECONDS))


def deadline_seconds(epochs: int, slowest_epoch_seconds: float | None, *, waits_seconds: float) -> int | None:
    """Return after how long the cluster may end a Job by itself; None while nothing is known of its epochs.

    A backstop for when no controller is there to notice: it counts from the Job's creation, so it includes the longest
    time that a Job may wait for its node and its image.
    """
    if slowest_epoch_seconds is None:
        return None
    training = epochs * SLACK * min(slowest_epoch_seconds, LONGEST_EPOCH_SECONDS)
    return min(math.ceil(waits_seconds + SHORTEST_SILENCE_SECONDS + training), LONGEST_DEADLINE_SECONDS)
