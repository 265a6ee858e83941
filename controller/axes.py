"""One parameter as a stretch of the unit interval: what the model sees, and the way back to a value.

A real parameter is its position between its bounds, linear or in logarithms. An integer, or a power of a base, owns a
bin of the interval and stands at its center, so that the model judges the value that will be trained. A category stands
at the center of its own bin too; the surrogate measures it as equal or not, never by how far apart two bins lie.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from skopt.space.transformers import Identity, LogN, Normalize, Pipeline

from podium.parameters import CategoricalParameter, IntegerParameter, Parameter, RealParameter, Value

Floats = NDArray[np.float64]


class Axis(Protocol):
    """One coordinate of the search space."""

    @property
    def is_categorical(self) -> bool: ...

    @property
    def levels(self) -> float:
        """Number of values; infinite for a real parameter."""

    def encode(self, values: Sequence[Value]) -> Floats:
        """Return where values stand in the unit interval.  # (n,)"""

    def decode(self, units: Floats) -> list[Value]:
        """Return the values nearest to points of the unit interval, never outside the bounds."""

    def snap(self, units: Floats) -> Floats:
        """Return the places of those values, as `encode` would.  # (n,) -> (n,)"""

    def numbers(self, units: Floats) -> Floats:
        """Return those values as numbers; of a category, its place in the list.  # (n,) -> (n,)"""

    def key(self, value: Value) -> Hashable:
        """Return a value's identity."""

    def first(self, count: int) -> Floats:
        """Return the places of up to `count` values of a parameter that has levels.  # (up to count,)"""


def axis_of(parameter: Parameter) -> Axis:
    match parameter:
        case CategoricalParameter():
            return Choices(choices=tuple(parameter.choices), is_categorical=True)
        case IntegerParameter(base=int(base)):
            powers = [parameter.low]
            while powers[-1] < parameter.high:
                powers.append(powers[-1] * base)
            return Choices(choices=tuple(powers), is_categorical=False)
        case IntegerParameter():
            warp = _warp(parameter.low - 0.5, parameter.high + 0.5, parameter.scale)
            return Line(low=parameter.low, high=parameter.high, warp=warp, is_integer=True)
        case RealParameter():
            warp = _warp(parameter.low, parameter.high, parameter.scale)
            return Line(low=parameter.low, high=parameter.high, warp=warp, is_integer=False)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A real number, or an integer: bounds widened by half a level, so that every level owns a bin."""

    low: float
    high: float
    warp: Pipeline
    is_integer: bool

    @property
    def is_categorical(self) -> bool:
        return False

    @property
    def levels(self) -> float:
        return self.high - self.low + 1 if self.is_integer else math.inf

    def encode(self, values: Sequence[Value]) -> Floats:
        return self._place(np.array(values, dtype=float))

    def decode(self, units: Floats) -> list[Value]:
        values = self.numbers(units).tolist()
        return [int(value) for value in values] if self.is_integer else list(values)

    def snap(self, units: Floats) -> Floats:
        return self._place(self.numbers(units)) if self.is_integer else np.clip(units, 0.0, 1.0)

    def numbers(self, units: Floats) -> Floats:
        inside = np.asarray(self.warp.inverse_transform(np.clip(units, 0.0, 1.0)), dtype=float)
        return np.clip(np.round(inside) if self.is_integer else inside, self.low, self.high)

    def key(self, value: Value) -> Hashable:
        return int(value) if self.is_integer else float(value)

    def first(self, count: int) -> Floats:
        low, high = int(self.low), int(self.high)
        return self.encode(range(low, min(high, low + count - 1) + 1))

    def _place(self, values: Floats) -> Floats:
        return np.asarray(np.clip(self.warp.transform(values), 0.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class Choices:
    """A list of values: categories, or the powers of a base, which are in order."""

    choices: tuple[Value, ...]
    is_categorical: bool

    @property
    def levels(self) -> float:
        return len(self.choices)

    def encode(self, values: Sequence[Value]) -> Floats:
        return (np.array([self._place[self.key(value)] for value in values], dtype=float) + 0.5) / len(self.choices)

    def decode(self, units: Floats) -> list[Value]:
        return [self.choices[place] for place in self._places(units).tolist()]

    def snap(self, units: Floats) -> Floats:
        return (self._places(units) + 0.5) / len(self.choices)

    def numbers(self, units: Floats) -> Floats:
        places = self._places(units)
        return places.astype(float) if self.is_categorical else np.array(self.choices, dtype=float)[places]

    def key(self, value: Value) -> Hashable:
        return (type(value), value)  # True == 1 in Python, yet they are different choices

    def first(self, count: int) -> Floats:
        return self.encode(self.choices[:count])

    @cached_property
    def _place(self) -> dict[Hashable, int]:
        return {self.key(choice): index for index, choice in enumerate(self.choices)}

    def _places(self, units: Floats) -> NDArray[np.int64]:
        scaled = (np.clip(units, 0.0, 1.0) * len(self.choices)).astype(np.int64)
        return np.asarray(np.minimum(scaled, len(self.choices) - 1))


def _warp(low: float, high: float, scale: str) -> Pipeline:
    """Return scikit-optimize's way from [low, high] to [0, 1].

    Its transformers, not its `Real`: that class refuses bounds whose product underflows.
    """
    if scale == "log":
        return Pipeline([LogN(10), Normalize(np.log10(low), np.log10(high))])
    return Pipeline([Identity(), Normalize(low, high)])
