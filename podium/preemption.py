"""SIGTERM as an exception in the main thread: at once, or at the end of a section that had better finish.

It is raised wherever the script stands, since an epoch may be long and a grace period is short. That is safe because
checkpoints are replaced whole and reports may be sent again. Should the script swallow the exception, it comes again.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from podium.leaving import Fault, Preempted


class Preemption:
    """Listens for SIGTERM inside its `with` block."""

    def __init__(self) -> None:
        self._is_due = False
        self._is_held = False
        self._owner = os.getpid()

    def __enter__(self) -> Self:
        try:
            self._before = signal.signal(signal.SIGTERM, self._arrive)
        except ValueError:
            raise Fault("podium.trial() belongs in the main thread, where SIGTERM arrives") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def check(self) -> None:
        """Raise Preempted if SIGTERM came."""
        if self._is_due:
            raise Preempted("SIGTERM: leaving; the run resumes from its last checkpoint")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the section finish before Preempted is raised. An error of the section's own comes first."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        self.check()

    def pause(self, seconds: float) -> None:
        """Sleep, in a held section too, and be woken by SIGTERM. Raises Preempted."""
        was_held, self._is_held = self._is_held, False
        try:
            self.check()
            time.sleep(seconds)
        finally:
            self._is_held = was_held

    def _arrive(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._owner:  # a forked child, as of a DataLoader, dies of SIGTERM as it would without us
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        is_first, self._is_due = not self._is_due, True
        if is_first and not self._is_held:
            self.check()
