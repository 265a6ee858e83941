"""The optimizer in a process of its own: while it thinks, nobody in this one waits for the interpreter's lock."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Literal, NamedTuple

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from controller import apart
from controller.apart import Apart
from controller.experiment import History, Problem, Suggestion

Think = Callable[[Problem, History], Suggestion | None]
"""Answers what to train next, or None when nothing is worth a run."""


Asked = Literal["think", "judge"]
Judge = Callable[[Problem, History], frozenset[int]]
"""Answers which trials in flight had better be stopped."""


class ThinkingFailed(Exception):
    """The optimizer raised, or its process died again and again; the message is its traceback or its exit code."""


class Thinker:
    """A process that thinks for one thread. Close it when done."""

    def __init__(self) -> None:
        self._apart = Apart("controller.thinking", "the optimizer's process")

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

    def close(self) -> None:
        """End the process, at once."""
        self._apart.close()

    def _answer(self, what: Asked, problem: Problem, history: History) -> Suggestion | frozenset[int] | None:
        try:
            found: Suggestion | frozenset[int] | None = self._apart.ask(what, problem, history)
        except apart.Failed as error:
            raise ThinkingFailed(str(error)) from error
        return found


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


def main() -> None:
    """Answer until the questions end."""
    mind = mind_here(ThreadPoolExecutor(max_workers=1, thread_name_prefix="learn"))

    def answer(what: Asked, problem: Problem, history: History) -> Suggestion | frozenset[int] | None:
        return mind.think(problem, history) if what == "think" else mind.judge(problem, history)

    with threadpool_limits(limits=1, user_api="blas"):  # in both threads, the same sums in the same order
        apart.answer_all(answer)
