"""Tasks in which runs report more than a loss: a metric with a bound, a second objective, a standard error."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.optimizer.front import Front
from benchmarks.optimizer.synthetic import FULL_EPOCHS, SIDES, branin, columns, hartmann6
from benchmarks.optimizer.tasks import Floats, Task
from controller.experiment import Bound
from podium.parameters import Configuration


def thresholds() -> Task:
    """Return Hartmann's function where another metric must keep to a bound, which its best point breaks.

    The metric is the distance from the origin (Letham et al. 2019; they allow 1, and with it the best point). Here .9
    is allowed, to which 1 in 23 configurations keep, and short runs report more than full ones.
    """

    def metrics(configurations: Sequence[Configuration], epochs: int) -> Mapping[str, Floats]:
        distance = np.linalg.norm(columns(configurations, *SIDES), axis=0)
        return {"distance": distance + 0.2 * (1 - epochs / FULL_EPOCHS)}

    bounded = Bound(metric="distance", limit=0.9, is_upper=True)
    return replace(hartmann6(name="thresholds"), metrics=metrics, bounds=(bounded,))


def two_objectives() -> Task:
    """Return Branin's function and Currin's, both to be small (Belakaria et al. 2019, MESMO).

    Short runs report Currin's function as the mean of four places beside the point (Xiong et al. 2013), the further
    off the shorter they are. Reference and hypervolume are those of BoTorch's BraninCurrin.
    """

    def metrics(configurations: Sequence[Configuration], epochs: int) -> Mapping[str, Floats]:
        x, y = columns(configurations, "x", "y")
        off = 0.05 * (1 - epochs / FULL_EPOCHS)
        places = [((x + 5) / 15 + a, np.maximum(y / 15 + b, 0.0)) for a in (-off, off) for b in (-off, off)]
        return {"currin": np.mean([currin(*place) for place in places], axis=0)}

    front = Front(metric="currin", reference=(18.0, 6.0), hypervolume=59.36011874867746)
    return replace(branin(), name="two-objectives", metrics=metrics, front=front)


def currin(x: Floats, y: Floats) -> Floats:
    """Return Currin's function on the unit square (Currin et al. 1991)."""
    with np.errstate(divide="ignore"):
        faded = 1 - np.exp(-1 / (2 * y))  # 1 at 0, where the exponent is infinite
    return np.asarray(faded * (2300 * x**3 + 1900 * x**2 + 2092 * x + 60) / (100 * x**3 + 500 * x**2 + 4 * x + 20))


def repeats() -> Task:
    """Return Hartmann's function, where every other result is of one run and the rest are means of ten.

    One run is off by three tenths of the distance from the best to the median. All tell their standard error.
    """
    return replace(hartmann6(name="repeats", noise=0.9), repeats=(1, 10))
