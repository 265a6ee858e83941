"""How far from what was tried the model is believed while it has seen little.

The kernel most probable for a dozen rows is too sure of itself: what it likes best are corners of the space that no row
near them speaks for. So a new configuration keeps within reach of some row, and the reach grows with the rows until it
is everywhere, as in the trust region of Vizier's Gaussian process bandit (Song et al. 2024; google-vizier, whose
constants these are). It binds where every trial is a full training: with short runs, a look into a corner is cheap.
Points that no model chose, of the Sobol sequence and guesses, lie where they lie.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from controller.space import Space

Floats = NDArray[np.float64]

LEAST = 0.2
WHOLE = 0.5
"""A reach this long counts as everywhere."""
ROWS_FOR_WHOLE = 5
"""For each dimension and one more."""


def beyond_reach(units: Floats, tried: Floats, space: Space) -> Floats:
    """Return by how much each point is further than the reach from the nearest one tried; 0 within it.

    The distance is the longest along any coordinate. Categories have none, and where a parameter has so few values that
    the next one is out of reach, all of them are within.  # (m, dimensions), (n, dimensions) -> (m,)
    """
    reach = LEAST + (WHOLE - LEAST) * len(tried) / (ROWS_FOR_WHOLE * (space.dimensions + 1))
    graded = ~np.array(space.is_categorical) & (np.array(space.levels) > 1 / LEAST)
    if not len(tried) or not graded.any() or reach >= WHOLE:
        return np.zeros(len(units))
    away = cdist(units[:, graded], tried[:, graded], "chebyshev").min(axis=1)
    return np.asarray(np.maximum(away - reach, 0.0))
