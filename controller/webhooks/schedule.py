"""When a notice is sent again: a pure choice. The pauses are those that Standard Webhooks 1.0 recommends."""

from dataclasses import dataclass
from datetime import datetime, timedelta

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Before the second attempt, the third, and so on: three days in all."""
LONGEST_REST = timedelta(minutes=5)
"""So long one failure keeps other notices from the same address."""
GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one attempt."""

    status: int | None
    """None where no answer came."""
    trouble: str = ""
    """Why none came."""
    retry_after: timedelta | None = None
    """How long the address asks to be left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What follows an attempt."""

    detail: str
    is_delivered: bool = False
    again_at: datetime | None = None
    """None where it is over, well or not."""
    rests_until: datetime | None = None
    """Before then nothing else goes to this address."""
    is_gone: bool = False
    """The address wants nothing more, ever."""


def after(answer: Answer, attempts: int, now: datetime) -> Next:
    """Say what follows the attempt with this number, the first being 1."""
    if answer.status is not None and 200 <= answer.status < 300:
        return Next(detail=f"delivered: the address answered {answer.status}", is_delivered=True)
    said = answer.trouble if answer.status is None else f"the address answered {answer.status}"
    if answer.status == GONE:
        return Next(detail=f"given up: {said}, which says that it is gone for good", is_gone=True)
    if attempts > len(PAUSES):
        return Next(detail=f"given up after {attempts} attempts: {said}", rests_until=now + LONGEST_REST)
    pause = max(PAUSES[attempts - 1], min(answer.retry_after or timedelta(), PAUSES[-1]))
    return Next(
        detail=f"{said}; it is sent again",
        again_at=now + pause,
        rests_until=now + max(min(pause, LONGEST_REST), min(answer.retry_after or timedelta(), PAUSES[-1])),
    )
