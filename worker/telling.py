"""How far the epoch under way is, told after a batch whenever that is due; the trial knows when."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from podium.sdk import Trial
from worker.tally import Tally


@dataclass(slots=True, kw_only=True)
class Telling:
    """Watches an epoch from the first batch that it is shown."""

    trial: Trial
    images: int
    """Of an epoch."""
    clock: Callable[[], float] = time.perf_counter
    _span: "tuple[_Mark, _Mark] | None" = field(default=None, init=False)
    """Where the epoch was seen first, and where it last had moved: while it evaluates, it stands still."""

    def tell(self, epoch: int, trained: Tally) -> None:
        """Tell what is trained of an epoch, if it is due. Leaves when the verdict is stop, as `Trial.progress` does."""
        mark = _Mark(epoch=epoch, count=trained.count, at=self.clock())
        began, latest = self._span if self._span and self._span[0].epoch == epoch else (mark, mark)
        self._span = (began, mark if mark.count > latest.count else latest)
        score = trained.score()
        self.trial.progress(
            epoch=epoch,
            share=min(1.0, trained.count / self.images),
            samples_per_second=_rate(*self._span),
            train_loss=score.loss,
            train_accuracy=score.accuracy,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """How many images of an epoch were trained at a moment."""

    epoch: int
    count: int
    at: float


def _rate(began: _Mark, latest: _Mark) -> float | None:
    """Return images per second between two moments; None while they are one."""
    seconds = latest.at - began.at
    return (latest.count - began.count) / seconds if seconds > 0 else None
