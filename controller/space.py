"""The search space as the unit cube: what the model sees, and the way back to a configuration.

A real parameter is its position between its bounds, linear or in logarithms. An integer, or a power of a base, owns a
bin of the unit interval and stands at its center, so that the model judges the value that will be trained. A category
stands at the center of its own bin too; the surrogate measures it as equal or not (distance 0 or 1), never by how far
apart two bins lie. Conditional parameters are not known here.
"""

import itertools
import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc
from skopt.space.transformers import Identity, LogN, Normalize, Pipeline

from podium.spec import CategoricalParameter, Configuration, IntegerParameter, Parameter, RealParameter, Value

Floats = NDArray[np.float64]
MOVED_SHARE = 0.5
"""Chance that a coordinate changes from a configuration to its neighbor."""


class Space:
    """The parameters of one experiment, in the order in which the spec names them."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self.names = tuple(parameters)
        self._axes = tuple(_axis_of(parameter) for parameter in parameters.values())

    @property
    def dimensions(self) -> int:
        return len(self._axes)

    @property
    def is_categorical(self) -> tuple[bool, ...]:
        return tuple(axis.is_categorical for axis in self._axes)

    @cached_property
    def size(self) -> float:
        """Number of different configurations; infinite with a real parameter."""
        return math.prod(axis.levels for axis in self._axes)

    def encode(self, configurations: Sequence[Configuration]) -> Floats:
        """Return the configurations' coordinates in the unit cube.  # (configurations, dimensions)"""
        units = np.empty((len(configurations), self.dimensions))
        for column, (name, axis) in enumerate(zip(self.names, self._axes, strict=True)):
            units[:, column] = axis.encode([configuration[name] for configuration in configurations])
        return units

    def decode(self, units: Floats) -> list[Configuration]:
        """Return the configurations nearest to points of the unit cube, never outside the bounds."""
        inside = np.clip(units, 0.0, 1.0)
        columns = [axis.decode(inside[:, column]) for column, axis in enumerate(self._axes)]
        return [dict(zip(self.names, values, strict=True)) for values in zip(*columns, strict=True)]

    def key(self, configuration: Configuration) -> Hashable:
        """Return the configuration's identity. True and 1 are different categories; 1 and 1.0 are one real number."""
        return tuple(axis.key(configuration[name]) for name, axis in zip(self.names, self._axes, strict=True))

    def sobol(self, count: int, rng: np.random.Generator) -> Floats:
        """Return the first points of a scrambled Sobol sequence (Owen 1998).  # (count, dimensions)"""
        sequence = qmc.Sobol(self.dimensions, scramble=True, rng=rng)
        return np.asarray(sequence.random_base2(max(1, math.ceil(math.log2(max(count, 2)))))[:count])

    def neighbors(self, units: Floats, *, scale: float, rng: np.random.Generator) -> Floats:
        """Return one neighbor of each point: about half of its coordinates, at least one, have moved.

        A discrete coordinate moves by at least a level. `scale` is the standard deviation of a move, in the unit cube.
        """
        moved = rng.random(units.shape) < MOVED_SHARE
        moved[np.arange(len(units)), rng.integers(0, self.dimensions, len(units))] = True
        steps = rng.normal(0.0, scale, units.shape)
        least = np.array([1.0 / axis.levels for axis in self._axes])
        steps = np.where(np.abs(steps) < least, np.copysign(least, steps), steps)
        near = np.clip(units + np.where(moved, steps, 0.0), 0.0, 1.0)
        return np.where(moved & np.array(self.is_categorical), rng.random(units.shape), near)

    def untried(self, configurations: Iterable[Configuration], tried: Collection[Hashable]) -> list[Configuration]:
        """Return the configurations that are neither in `tried` nor repeated, in their order."""
        fresh = {self.key(configuration): configuration for configuration in configurations}
        return [configuration for key, configuration in fresh.items() if key not in tried]

    def grid(self, limit: int) -> list[Configuration]:
        """Return up to `limit` configurations of a finite space, in the order of its levels."""
        levels = itertools.product(*(axis.first(limit) for axis in self._axes))
        points = np.array(list(itertools.islice(levels, limit)))
        return self.decode(points.reshape(-1, self.dimensions))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
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
        return np.asarray(np.clip(self.warp.transform(np.array(values, dtype=float)), 0.0, 1.0))

    def decode(self, units: Floats) -> list[Value]:
        inside = (min(max(value, self.low), self.high) for value in self.warp.inverse_transform(units).tolist())
        if self.is_integer:
            return [min(max(round(value), int(self.low)), int(self.high)) for value in inside]
        return [float(value) for value in inside]

    def key(self, value: Value) -> Hashable:
        return int(value) if self.is_integer else float(value)

    def first(self, count: int) -> Floats:
        low, high = int(self.low), int(self.high)
        return self.encode(range(low, min(high, low + count - 1) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """A list of values: categories, or the powers of a base, which are in order."""

    choices: tuple[Value, ...]
    is_categorical: bool

    @property
    def levels(self) -> float:
        return len(self.choices)

    def encode(self, values: Sequence[Value]) -> Floats:
        place = {self.key(choice): index for index, choice in enumerate(self.choices)}
        return (np.array([place[self.key(value)] for value in values], dtype=float) + 0.5) / len(self.choices)

    def decode(self, units: Floats) -> list[Value]:
        last = len(self.choices) - 1
        return [self.choices[min(int(unit * len(self.choices)), last)] for unit in units]

    def key(self, value: Value) -> Hashable:
        return (type(value), value)  # True == 1 in Python, yet they are different choices

    def first(self, count: int) -> Floats:
        return self.encode(self.choices[:count])


def _axis_of(parameter: Parameter) -> _Line | _Choices:
    match parameter:
        case CategoricalParameter():
            return _Choices(choices=tuple(parameter.choices), is_categorical=True)
        case IntegerParameter(base=int(base)):
            powers = [parameter.low]
            while powers[-1] < parameter.high:
                powers.append(powers[-1] * base)
            return _Choices(choices=tuple(powers), is_categorical=False)
        case IntegerParameter():
            warp = _warp(parameter.low - 0.5, parameter.high + 0.5, parameter.scale)
            return _Line(low=parameter.low, high=parameter.high, warp=warp, is_integer=True)
        case RealParameter():
            warp = _warp(parameter.low, parameter.high, parameter.scale)
            return _Line(low=parameter.low, high=parameter.high, warp=warp, is_integer=False)


def _warp(low: float, high: float, scale: str) -> Pipeline:
    """Return scikit-optimize's way from [low, high] to [0, 1].

    Its transformers, not its `Real`: that class refuses bounds whose product underflows.
    """
    if scale == "log":
        return Pipeline([LogN(10), Normalize(np.log10(low), np.log10(high))])
    return Pipeline([Identity(), Normalize(low, high)])
