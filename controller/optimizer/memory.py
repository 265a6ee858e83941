"""What was learned is remembered, and what will be asked for is learned ahead. Either may be thrown away at any time.

A kernel depends on nothing but the data from which it is learned: memory changes when there is an answer, never which.
"""

from concurrent.futures import Executor, Future
from functools import lru_cache
from typing import Protocol

import numpy as np

from controller.optimizer.data import Data
from controller.optimizer.kernel import Kernel
from controller.optimizer.learning import LEAST_NOISE, learn

MOST_REMEMBERED = 1024
"""Kernels, of all experiments together."""


class Learn(Protocol):
    """How kernels are learned."""

    def __call__(self, data: Data, is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> Kernel: ...

    def ahead(self, data: Data, is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> None:
        """Hear from which data a kernel will be wanted before long."""


class Afresh:
    """Learns whatever is asked for, again and again."""

    def __call__(self, data: Data, is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> Kernel:
        return learn(data, is_categorical, least_noise)

    def ahead(self, data: Data, is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> None: ...


class Remembering:
    """Learns once. With an executor it learns ahead, beside the answers; without, when it is asked."""

    def __init__(self, beside: Executor | None = None) -> None:
        @lru_cache(maxsize=MOST_REMEMBERED)
        def begun(arrays: tuple[bytes, ...], is_categorical: tuple[bool, ...], least_noise: float) -> Future[Kernel]:
            inputs, targets, known = (np.frombuffer(array) for array in arrays)
            data = Data(inputs.reshape(len(targets), -1), targets, known)
            if beside is not None:
                return beside.submit(learn, data, is_categorical, least_noise)
            here: Future[Kernel] = Future()
            here.set_result(learn(data, is_categorical, least_noise))
            return here

        self._begun, self._learns_ahead = begun, beside is not None

    def __call__(self, data: Data, is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> Kernel:
        return self._begun(_bytes(data), is_categorical, least_noise).result()

    def ahead(self, data: Data, is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> None:
        if self._learns_ahead:
            self._begun(_bytes(data), is_categorical, least_noise)


def _bytes(data: Data) -> tuple[bytes, ...]:
    return data.inputs.tobytes(), data.targets.tobytes(), data.known.tobytes()
