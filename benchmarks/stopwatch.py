"""`podium-controller`, with a stopwatch on each pass and on each question to the optimizer.

    python -m benchmarks.stopwatch FILE reconcile

FILE gets a line for each: what it was, when it began, and the seconds that it took.
"""

import functools
import json
import sys
import time
from collections.abc import Callable
from typing import ParamSpec, TextIO, TypeVar

from controller import __main__ as controller
from controller import reconcile, thinking

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def main() -> None:
    path = sys.argv.pop(1)
    with open(path, "a", buffering=1, encoding="utf-8") as file:
        timed = functools.partial(with_stopwatch, file=file)
        setattr(reconcile.Reconciler, "reconcile", timed("pass", reconcile.Reconciler.reconcile))  # noqa: B010  # mypy: a method is no variable
        setattr(thinking.Thinker, "__call__", timed("suggestion", thinking.Thinker.__call__))  # noqa: B010
        controller.main()


def with_stopwatch(what: str, ask: Callable[Asked, Answer], *, file: TextIO) -> Callable[Asked, Answer]:
    @functools.wraps(ask)
    def asked(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        at, began = time.time(), time.perf_counter()
        try:
            return ask(*args, **kwargs)
        finally:
            print(json.dumps({"what": what, "at": at, "seconds": time.perf_counter() - began}), file=file)

    return asked


if __name__ == "__main__":
    main()
