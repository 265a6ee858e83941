"""One result of several trainings: the mean of each metric, how sure that is, and how fast they were together."""

import math
import statistics
from collections.abc import Mapping, Sequence

from podium.wire import STANDARD_ERROR


def with_standard_errors(measured: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the means of what each training measured, and their standard errors; of one training, what it measured.

    The standard error of a mean of n is s / sqrt(n), s having n - 1 degrees of freedom.
    """
    [first, *others] = measured
    if not others:
        return dict(first)
    values = {name: [each[name] for each in measured] for name in first}
    means = {name: statistics.fmean(of_one) for name, of_one in values.items()}
    errors = {
        name + STANDARD_ERROR: statistics.stdev(of_one) / math.sqrt(len(of_one)) for name, of_one in values.items()
    }
    return {**means, **errors}


def rate_of_all(rates: Sequence[float | None]) -> float | None:
    """Return the samples per second of trainings that took turns on as many samples each; None where none trained."""
    known = [rate for rate in rates if rate is not None]
    return statistics.harmonic_mean(known) if known else None
