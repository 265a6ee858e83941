"""The search space as the unit cube: what the model sees, and the way back to a configuration.

Each parameter is an axis (`controller.axes`). A parameter that its condition switches off is not part of a
configuration; its coordinate stands at the middle, so that configurations are compared by what they have in common, and
differ by the parent that switched it. Constraints say which points are allowed; others are drawn again, not moved.
"""

import itertools
import math
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from controller.axes import axis_of
from podium.parameters import SUM_SLACK, Configuration, Constraint, Parameter, Value

Floats = NDArray[np.float64]
Bend = Callable[[Floats], Floats]
MOVED_SHARE = 0.5
"""Chance that a coordinate changes from a configuration to its neighbor."""
SWITCHED_OFF = 0.5
DIGITS = 9
"""Of a coordinate, that tell configurations apart."""
MOST_LISTED = 100_000
"""Points of a grid that are looked at: constraints and conditions may leave few of them."""
MOST_DRAWN = 1 << 16
"""Points of a Sobol sequence that are looked at for allowed ones."""


class Space:
    """The parameters of one experiment, in the order in which the spec names them."""

    def __init__(self, parameters: Mapping[str, Parameter], constraints: Sequence[Constraint] = ()) -> None:
        self.names = tuple(parameters)
        self._axes = tuple(axis_of(parameter) for parameter in parameters.values())
        self._constraints = tuple(constraints)
        self._conditions = {name: parameter.when for name, parameter in parameters.items() if parameter.when}

    @property
    def dimensions(self) -> int:
        return len(self._axes)

    @cached_property
    def is_categorical(self) -> tuple[bool, ...]:
        return tuple(axis.is_categorical for axis in self._axes)

    @cached_property
    def levels(self) -> tuple[float, ...]:
        """Number of values of each parameter; infinite for a real one."""
        return tuple(axis.levels for axis in self._axes)

    @cached_property
    def size(self) -> float:
        """Number of points of the grid, at least that of different configurations; infinite with a real parameter."""
        return math.prod(self.levels)

    def encode(self, configurations: Sequence[Configuration]) -> Floats:
        """Return the configurations' coordinates in the unit cube.  # (configurations, dimensions)"""
        units = np.full((len(configurations), self.dimensions), SWITCHED_OFF)
        for column, (name, axis) in enumerate(zip(self.names, self._axes, strict=True)):
            if name in self._conditions:
                rows = [row for row, configuration in enumerate(configurations) if name in configuration]
                units[rows, column] = axis.encode([configurations[row][name] for row in rows])
            else:
                units[:, column] = axis.encode([configuration[name] for configuration in configurations])
        return units

    def decode(self, units: Floats) -> list[Configuration]:
        """Return the configurations nearest to points of the unit cube, never outside the bounds."""
        columns = [axis.decode(units[:, column]) for column, axis in enumerate(self._axes)]
        rows = [dict(zip(self.names, values, strict=True)) for values in zip(*columns, strict=True)]
        if not self._conditions:
            return rows
        on = self.is_on(self._snapped(units))
        return [dict(itertools.compress(row.items(), kept)) for row, kept in zip(rows, on, strict=True)]

    def snap(self, units: Floats) -> Floats:
        """Return the places of those configurations, as `encode` would.  # (n, dimensions) -> (n, dimensions)"""
        snapped = self._snapped(units)
        return np.where(self.is_on(snapped), snapped, SWITCHED_OFF) if self._conditions else snapped

    def is_allowed(self, units: Floats) -> NDArray[np.bool_]:
        """Say of each snapped point whether it meets every constraint all of whose parameters are on.  # (n,)"""
        allowed = np.ones(len(units), dtype=bool)
        if not self._constraints:
            return allowed
        on = self.is_on(units)
        for constraint in self._constraints:
            columns = [self.names.index(name) for name in constraint.terms]
            numbers = [self._axes[column].numbers(units[:, column]) for column in columns]
            terms = np.array(numbers) * np.array(list(constraint.terms.values()))[:, None]
            total, slack = terms.sum(axis=0), SUM_SLACK * np.abs(terms).sum(axis=0)
            low = -math.inf if constraint.at_least is None else constraint.at_least
            high = math.inf if constraint.at_most is None else constraint.at_most
            allowed &= ((total >= low - slack) & (total <= high + slack)) | ~on[:, columns].all(axis=1)
        return allowed

    def place(self, name: str, value: Value) -> float:
        """Return where a parameter's value stands in the unit interval."""
        return float(self._axes[self.names.index(name)].encode([value])[0])

    def key(self, configuration: Configuration) -> Hashable:
        """Return the configuration's identity. True and 1 are different categories; 1 and 1.0 are one real number."""
        axes = zip(self.names, self._axes, strict=True)
        return tuple(axis.key(configuration[name]) if name in configuration else None for name, axis in axes)

    def identities(self, units: Floats) -> list[bytes]:
        """Return what tells snapped points apart."""
        return [row.tobytes() for row in np.round(units, DIGITS) + 0.0]  # + 0.0: a zero has no sign

    def untried(self, units: Floats, tried: Collection[bytes]) -> Floats:
        """Return the snapped points that are allowed and neither in `tried` nor repeated, in their order."""
        first = {identity: row for row, identity in reversed(list(enumerate(self.identities(units))))}
        rows = sorted(row for identity, row in first.items() if identity not in tried)
        fresh: Floats = units[np.array(rows, dtype=int)]
        return fresh[self.is_allowed(fresh)]

    def sobol(self, count: int, rng: np.random.Generator, bend: Bend = lambda units: units) -> Floats:
        """Return the first allowed points of a scrambled Sobol sequence (Owen 1998), snapped.  # (count, dimensions)

        Fewer, where the constraints leave next to nothing. `bend` moves the points before they are snapped.
        """
        power = max(1, math.ceil(math.log2(max(count, 2))))
        sequence = qmc.Sobol(self.dimensions, scramble=True, rng=rng)
        points = self._allowed(bend(sequence.random_base2(power)))
        while self._constraints and len(points) < count and sequence.num_generated < MOST_DRAWN:
            points = np.vstack([points, self._allowed(bend(sequence.random_base2(power)))])
            power += 1
        return points[:count]

    def neighbors(self, units: Floats, *, scale: float, rng: np.random.Generator) -> Floats:
        """Return one neighbor of each point, snapped: about half of its coordinates, at least one, have moved.

        A discrete coordinate moves by at least a level. `scale` is the standard deviation of a move, in the unit cube.
        """
        moved = rng.random(units.shape) < MOVED_SHARE
        moved[np.arange(len(units)), rng.integers(0, self.dimensions, len(units))] = True
        steps = rng.normal(0.0, scale, units.shape)
        least = 1.0 / np.array(self.levels)
        steps = np.where(np.abs(steps) < least, np.copysign(least, steps), steps)
        near = np.clip(units + np.where(moved, steps, 0.0), 0.0, 1.0)
        return self.snap(np.where(moved & np.array(self.is_categorical), rng.random(units.shape), near))

    def grid(self, limit: int) -> Floats:
        """Return up to `limit` allowed points of a finite space, in the order of its levels.  # (n, dimensions)"""
        found: dict[bytes, Floats] = {}
        points = itertools.islice(itertools.product(*(axis.first(MOST_LISTED) for axis in self._axes)), MOST_LISTED)
        for batch in _batches(points, max(limit, 256)):
            allowed = self._allowed(batch)
            for identity, point in zip(self.identities(allowed), allowed, strict=True):
                found.setdefault(identity, point)
            if len(found) >= limit:
                break
        return np.array(list(found.values())[:limit]).reshape(-1, self.dimensions)

    def _snapped(self, units: Floats) -> Floats:
        return np.column_stack([axis.snap(units[:, column]) for column, axis in enumerate(self._axes)])

    def _allowed(self, units: Floats) -> Floats:
        points = self.snap(units)
        return points[self.is_allowed(points)]

    def is_on(self, snapped: Floats) -> NDArray[np.bool_]:
        """Say which parameters each snapped point has: those whose conditions, and whose parents' ones, are met."""
        on = np.ones(snapped.shape, dtype=bool)
        for name in self._parents_first:
            column = self.names.index(name)
            for parent, values in self._conditions[name].items():
                place = self.names.index(parent)
                wanted = np.round(self._axes[place].encode(values), DIGITS)
                on[:, column] &= on[:, place] & np.isin(np.round(snapped[:, place], DIGITS), wanted)
        return on

    @cached_property
    def _parents_first(self) -> tuple[str, ...]:
        """The names with a condition, each after those that it depends on; a spec has no circles."""
        ordered: list[str] = []
        waiting = list(self._conditions)
        while waiting:
            ready = [name for name in waiting if not any(parent in waiting for parent in self._conditions[name])]
            ordered += ready
            waiting = [name for name in waiting if name not in ready]
        return tuple(ordered)


def _batches(points: Iterator[tuple[float, ...]], size: int) -> Iterator[Floats]:
    while batch := list(itertools.islice(points, size)):
        yield np.array(batch)
