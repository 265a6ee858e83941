"""Metrics as plain numbers that JSON can carry. A loss that is none of them has diverged, which ends the trial."""

import logging
import math
from collections.abc import Mapping

from podium.leaving import Infeasible

_log = logging.getLogger(__name__)


def finite(metrics: Mapping[str, float], objective: str) -> dict[str, float]:
    """Return the metrics that are finite. Raises Infeasible for the objective, or a loss, that is not."""
    numbers = {name: float(value) for name, value in metrics.items()}
    for name, number in numbers.items():
        if math.isfinite(number):
            continue
        if name == objective or "loss" in name.lower():
            raise Infeasible(f"{name} is {number}: the training diverged")
        _log.warning("podium: %s is %s; it is left out of the report", name, number)
    return {name: number for name, number in numbers.items() if math.isfinite(number)}
