"""What the batches so far have measured, and how many they were: where an epoch stands while it is under way."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    loss: float
    """Mean cross-entropy, in nats."""
    accuracy: float
    """Share of images whose label is the likeliest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    batches: int = 0
    loss_sum: float = 0.0
    """Of each image's cross-entropy, in nats."""
    correct: int = 0
    count: int = 0
    """Images."""

    def plus(self, *, loss_sum: float, correct: int, count: int) -> "Tally":
        return Tally(
            batches=self.batches + 1,
            loss_sum=self.loss_sum + loss_sum,
            correct=self.correct + correct,
            count=self.count + count,
        )

    def score(self) -> Score:
        return Score(loss=self.loss_sum / self.count, accuracy=self.correct / self.count)


NOTHING = Tally()

Watch = Callable[[int, Tally], None]
"""Called with the epoch under way and what it has trained, wherever training may be left and continued."""


def never_leave(_epoch: int, _trained: Tally) -> None:
    """Watch nothing: train to the end."""
