"""Which part of an axis is shown: all of it, unless a few values lie so far off that the rest would be a line."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAR = 5.0
"""Widths of the middle nine tenths; a value further away than this from them is out of sight."""
MARGIN = 0.05
FEWEST = 5


def window_of(values: Sequence[float] | Floats) -> list[float] | None:
    """Return the range to show, or None where plotly's own choice shows everything well.

    A loss that diverged to 1e30 would press all others into one line.
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if len(finite) < FEWEST:
        return None
    low, high = np.quantile(finite, [0.05, 0.95])
    reach = FAR * (high - low)
    near = finite[(finite >= low - reach) & (finite <= high + reach)]
    if reach == 0.0 or len(near) == len(finite):
        return None
    pad = MARGIN * (near.max() - near.min())
    return [float(near.min() - pad), float(near.max() + pad)]


def spread_evenly(count: int, most: int) -> NDArray[np.intp]:
    """Return at most that many of `count` places, the first and the last among them."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).astype(np.intp))
