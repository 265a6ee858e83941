"""The optimizer in a process of its own: while it thinks, nobody in this one waits for the interpreter's lock.

It is asked and answers by pickles over its standard streams, and leaves when the stream of questions ends: with the
one who asks, however that one dies. What it remembers only saves time, so a dead one is replaced by a fresh one.
"""

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import BinaryIO, Literal, NamedTuple

import structlog
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from controller.experiment import History, Problem, Suggestion

GONE = (EOFError, OSError, pickle.UnpicklingError)
"""How the end of the process is seen: between answers, at the next question, or within an answer."""

log = structlog.get_logger()

Think = Callable[[Problem, History], Suggestion | None]
"""Answers what to train next, or None when nothing is worth a run."""


Asked = Literal["think", "judge"]
Judge = Callable[[Problem, History], frozenset[int]]
"""Answers which trials in flight had better be stopped."""


class ThinkingFailed(Exception):
    """The optimizer raised, or its process died again and again; the message is its traceback or its exit code."""


class _Answer(NamedTuple):
    found: Suggestion | frozenset[int] | None
    fault: str | None
    """The traceback, where the optimizer raised."""


class Thinker:
    """A process that thinks for one thread. Close it when done."""

    def __init__(self) -> None:
        self._process = _begin()

    def __call__(self, problem: Problem, history: History) -> Suggestion | None:
        """Ask what to train next. Raises ThinkingFailed."""
        found = self._answer("think", problem, history)
        assert not isinstance(found, frozenset)  # it is what was asked for
        return found

    def judge(self, problem: Problem, history: History) -> frozenset[int]:
        """Ask which trials in flight had better be stopped. Raises ThinkingFailed."""
        found = self._answer("judge", problem, history)
        assert isinstance(found, frozenset)  # it is what was asked for
        return found

    def _answer(self, what: Asked, problem: Problem, history: History) -> Suggestion | frozenset[int] | None:
        """Ask. A process that was killed, as for want of memory, is replaced once.

        Raises ThinkingFailed when the optimizer raises, and when the second process dies too.
        """
        try:
            answer = self._ask(what, problem, history)
        except GONE:
            log.warning("the optimizer's process is gone; starting another", exit_code=self._process.wait())
            self.close()
            self._process = _begin()
            try:
                answer = self._ask(what, problem, history)
            except GONE as error:
                raise ThinkingFailed(f"the optimizer's process died twice: exit code {self._process.wait()}") from error
        if answer.fault is not None:
            raise ThinkingFailed(answer.fault)
        return answer.found

    def close(self) -> None:
        """End the process, at once."""
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()

    def _ask(self, what: Asked, problem: Problem, history: History) -> _Answer:
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None  # both are pipes, see `_begin`
        assert answers is not None
        questions.write(pickle.dumps((what, problem, history), pickle.HIGHEST_PROTOCOL))  # whole, or not at all
        questions.flush()
        answer: _Answer = pickle.load(answers)
        return answer


class Mind(NamedTuple):
    """Who answers, with one memory."""

    think: Think
    judge: Judge


def mind_here(beside: Executor | None = None) -> Mind:
    """Return who gives the same answers in this very process, and learns ahead of the questions where it may."""
    from controller.optimizer.memory import Remembering  # noqa: PLC0415  # seconds of imports, for this alone
    from controller.optimizer.stopping import not_worth_going_on  # noqa: PLC0415
    from controller.optimizer.suggest import suggest  # noqa: PLC0415

    learn = Remembering(beside)
    return Mind(partial(suggest, learn=learn), partial(not_worth_going_on, learn=learn))


def _begin() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", "from controller.thinking import main; main()"]  # pickles find no __main__ here
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def main() -> None:
    """Answer until the questions end. Signals are for the one who asks: Ctrl-C reaches the whole group."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that prints may end up among the answers
        with suppress(EOFError, BrokenPipeError):  # the asker is gone
            _answer_all(sys.stdin.buffer, answers)


def _answer_all(questions: BinaryIO, answers: BinaryIO) -> None:
    beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="learn")
    mind = mind_here(beside)
    with threadpool_limits(limits=1, user_api="blas"):  # in both threads, the same sums in the same order
        while True:
            what, problem, history = pickle.load(questions)
            try:
                answer = _Answer(getattr(mind, what)(problem, history), None)
            except Exception:  # noqa: BLE001  # whatever it is, the one who asked is to hear of it
                answer = _Answer(None, traceback.format_exc())
            pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
