"""The states of several learners as the bytes of one checkpoint, so that they are stored together or not at all.

The state of a learner that trains alone is stored as it is.
"""

import json
from collections.abc import Sequence

from worker.learner import UnusableCheckpoint

MAGIC = b"podium members 1\n"


def packed(states: Sequence[bytes]) -> bytes:
    if len(states) == 1:
        return states[0]
    return b"".join([MAGIC, json.dumps([len(state) for state in states]).encode(), b"\n", *states])


def unpacked(data: bytes) -> list[bytes]:
    """Return the states that `packed` was given. Raises UnusableCheckpoint when some of the bytes are missing."""
    if not data.startswith(MAGIC):
        return [data]
    end = data.find(b"\n", len(MAGIC))
    try:
        sizes = [int(size) for size in json.loads(data[len(MAGIC) : end])]
    except (ValueError, TypeError):
        raise UnusableCheckpoint("the checkpoint does not say which states it holds") from None
    states, start = [], end + 1
    for size in sizes:
        states.append(data[start : start + size])
        start += size
    if start != len(data):
        raise UnusableCheckpoint(f"the checkpoint holds {len(data)} bytes where its states take {start}")
    return states
