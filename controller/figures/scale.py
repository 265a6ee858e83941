"""A parameter as an axis of a figure: where a value stands, which values it is drawn at, and its ticks."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from controller.axes import axis_of
from controller.figures.canvas import Axis, axis
from controller.figures.plain import number, plain
from podium.parameters import CategoricalParameter, Parameter, Value

Floats = NDArray[np.float64]

MOST_LEVELS = 60
"""Values at which a prediction is drawn along one parameter."""
TICK_CHARACTERS = 16
MOST_TICKS = 12
EDGE = 0.03
"""Of the range, beyond each of its ends."""


def places(parameter: Parameter, values: Sequence[Value]) -> Floats:
    """Return where values stand: numbers where they are, choices at their places in the list.  # (n,)"""
    if isinstance(parameter, CategoricalParameter):
        keys = [(type(choice), choice) for choice in parameter.choices]  # True == 1 in Python
        return np.array([keys.index((type(value), value)) for value in values], dtype=float)
    return np.array(values, dtype=float)


def levels(parameter: Parameter, most: int = MOST_LEVELS) -> Floats:
    """Return points of the unit interval at which a parameter is drawn: all of its values, or an even grid of them."""
    drawn = axis_of(parameter)
    if drawn.levels <= most:
        return drawn.first(most)
    return np.unique(drawn.snap(np.linspace(0.0, 1.0, most)))


def parameter_axis(title: str, parameter: Parameter, **more: object) -> Axis:
    """Return the axis of a parameter on its own scale."""
    if isinstance(parameter, CategoricalParameter):
        every = math.ceil(len(parameter.choices) / MOST_TICKS)
        at = list(range(0, len(parameter.choices), every))
        text = [plain(parameter.choices[place], TICK_CHARACTERS) for place in at]
        ends = [-0.5, len(parameter.choices) - 0.5]
        return axis(title, tickvals=at, ticktext=text, range=ends, zeroline=False, **more)
    if parameter.scale == "log":
        ends = _padded(math.log10(parameter.low), math.log10(parameter.high))
        return axis(title, type="log", range=ends, exponentformat="e", **more)
    return axis(title, range=_padded(parameter.low, parameter.high), zeroline=False, **more)


def _padded(low: float, high: float) -> list[float]:
    """Return a range with room for a point on its edge."""
    return [low - EDGE * (high - low), high + EDGE * (high - low)]


def unit_ticks(parameter: Parameter, most: int = 5) -> list[tuple[float, str]]:
    """Return some places of the unit interval, each with the value that stands there."""
    drawn = axis_of(parameter)
    at = drawn.first(most) if drawn.levels <= most else drawn.snap(np.linspace(0.0, 1.0, most))
    return [
        (float(place), plain(shown(value), TICK_CHARACTERS)) for place, value in zip(at, drawn.decode(at), strict=True)
    ]


def shown(value: Value) -> str:
    """Return a value as it is written."""
    return number(value) if isinstance(value, float) else str(value)
