"""SIGTERM as an exception in the main thread: at once, or at the end of a section that had better finish.

It is raised wherever the script stands, since an epoch may be long and a grace period is short. That is safe because
checkpoints are replaced whole and reports may be sent again. Should the script swallow the exception, it comes again.

A forked child, as of a DataLoader, dies of SIGTERM as it would without us. The kernel sees to that: a handler in Python
waits for a call into C that began in the very moment in which the signal came, and that may be a long sleep.

A script that can store its state within an epoch defers it, and looks for it between two steps. Its time for that is
limited: a step that outlasts the grace period would end in SIGKILL, which may look like a want of memory.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

from podium.leaving import Fault, Preempted

PATIENCE_SECONDS = 15.0
"""Half of the usual grace period; the other half is for storing the state."""


class Preemption:
    """Listens for SIGTERM inside its `with` block."""

    def __init__(self, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._is_due = False
        self._is_held = False
        self._is_deferred = False
        self._patience_seconds = patience_seconds
        self._owner = os.getpid()
        os.register_at_fork(after_in_child=self._let_go)

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

    @property
    def is_due(self) -> bool:
        """Whether SIGTERM came."""
        return self._is_due

    def leave(self) -> None:
        """Have every trial that looks here leave at its next look, as SIGTERM would: from whichever thread."""
        self._is_due = True

    def check(self) -> None:
        """Raise Preempted if SIGTERM came."""
        if self._is_due:
            raise Preempted("SIGTERM: leaving; the run resumes from its last checkpoint")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the section finish before Preempted is raised. An error of the section's own comes first."""
        was_held, self._is_held = self._is_held, True
        try:
            yield
        finally:
            self._is_held = was_held
        self.check()

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Leave it to the section to look at `is_due`. Preempted is raised when patience is over, and at the end."""
        before = signal.signal(signal.SIGALRM, self._lose_patience)
        self._is_deferred = True
        try:
            self.check()
            yield
        finally:
            self._is_deferred = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        self.check()

    def pause(self, seconds: float) -> None:
        """Sleep, in a held or deferred section too, and be woken by SIGTERM. Raises Preempted."""
        before, self._is_held, self._is_deferred = (self._is_held, self._is_deferred), False, False
        try:
            self.check()
            time.sleep(seconds)
        finally:
            self._is_held, self._is_deferred = before

    def _let_go(self) -> None:
        if signal.getsignal(signal.SIGTERM) == self._arrive:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _arrive(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._owner:  # a child in the moment before it lets go
            self._let_go()
            os.kill(os.getpid(), number)
            return
        is_first, self._is_due = not self._is_due, True
        if not is_first or self._is_held:
            return
        if self._is_deferred:
            signal.setitimer(signal.ITIMER_REAL, self._patience_seconds)
        else:
            self.check()

    def _lose_patience(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_held:
            self.check()
