"""How many threads the optimizer's linear algebra takes."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # it ships no types


def one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra to one thread while the context lasts: the same sums in the same order, and faster here."""
    return _threads().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()
