"""A process of its own that answers questions: while it works, nobody in this one waits for the interpreter's lock.

It is asked and answers by pickles over its standard streams, and leaves when the stream of questions ends: with the
one who asks, however that one dies. What it remembers only saves time, so a dead one is replaced by a fresh one.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

import structlog

GONE = (EOFError, OSError, pickle.UnpicklingError)
"""How the end of the process is seen: between answers, at the next question, or within an answer."""

log = structlog.get_logger()


class Failed(Exception):
    """What was asked raised, or the process died again and again; the message is its traceback or its exit code."""


class _Answer(NamedTuple):
    found: Any  # Any: whatever the question asks for
    fault: str | None
    """The traceback, where it raised."""


class Apart:
    """A process that answers one thread. Close it when done."""

    def __init__(self, module: str, what: str, *, patience_seconds: float | None = None) -> None:
        """Start a process that runs `main` of a module; `what` names it in logs and errors.

        One that thinks about a question for longer than `patience_seconds` is replaced; None waits for good.
        """
        self._what, self._patience_seconds = what, patience_seconds
        self._command = [sys.executable, "-c", f"from {module} import main; main()"]  # pickles find no __main__ here
        self._process = self._begin()
        self._is_closed = False

    def ask(self, *question: object) -> Any:  # Any: the caller knows what it asked for
        """Ask. A process that was killed, as for want of memory, is replaced once.

        Raises Failed when what was asked raises, when the second process dies too, and when patience ends.
        """
        try:
            answer = self._ask(question)
        except GONE:
            if self._is_closed:
                raise Failed(f"{self._what} was ended with this one") from None
            log.warning(f"{self._what} is gone; starting another", exit_code=self._process.wait())
            self._replace()
            try:
                answer = self._ask(question)
            except GONE as error:
                raise Failed(f"{self._what} died twice: exit code {self._process.wait()}") from error
        if answer.fault is not None:
            raise Failed(answer.fault)
        return answer.found

    def close(self) -> None:
        """End the process, at once; what is asked at this moment is not answered."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()

    def _replace(self) -> None:
        self._end()
        self._process = self._begin()

    def _begin(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _ask(self, question: tuple[object, ...]) -> _Answer:
        """Ask the process that there is. Raises one of GONE where it dies, and Failed where it was too slow."""
        if self._patience_seconds is None:
            return self._exchange(question)
        is_late = threading.Event()

        def give_up(process: "subprocess.Popen[bytes]" = self._process) -> None:
            is_late.set()
            process.kill()

        timer = threading.Timer(self._patience_seconds, give_up)
        timer.daemon = True
        timer.start()
        try:
            return self._exchange(question)
        except GONE:
            if self._is_closed or not is_late.is_set():
                raise
            self._replace()
            raise Failed(f"{self._what} took longer than {self._patience_seconds:g} s and was replaced") from None
        finally:
            timer.cancel()

    def _exchange(self, question: tuple[object, ...]) -> _Answer:
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None  # both are pipes, see `_begin`
        assert answers is not None
        questions.write(pickle.dumps(question, pickle.HIGHEST_PROTOCOL))  # whole, or not at all
        questions.flush()
        answer: _Answer = pickle.load(answers)
        return answer


def answer_all(answer: Callable[..., object]) -> None:
    """Answer until the questions end. Signals are for the one who asks: Ctrl-C reaches the whole group."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that prints may end up among the answers
        with suppress(EOFError, BrokenPipeError):  # the asker is gone
            _answer_from(sys.stdin.buffer, answers, answer)


def _answer_from(questions: BinaryIO, answers: BinaryIO, answer: Callable[..., object]) -> None:
    while True:
        question = pickle.load(questions)
        try:
            found = _Answer(answer(*question), None)
        except Exception:  # noqa: BLE001  # whatever it is, the one who asked is to hear of it
            found = _Answer(None, traceback.format_exc())
        pickle.dump(found, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
