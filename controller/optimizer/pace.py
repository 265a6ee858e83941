"""How long an epoch takes with a configuration, learned from those that were timed.

The logarithm of the seconds is a Gaussian process of its own over the parameters: batch size and depth make epochs
longer by a factor, not by a sum. A price is then paid for the time that a configuration takes, as in expected
improvement per second (Snoek et al. 2012, section 3.2).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.optimizer.process import Posterior
from controller.optimizer.warp import Warp

Floats = NDArray[np.float64]

MOST_FACTOR = 20.0
"""Nobody is thought faster, or slower, than the median by more: far from what was timed the process only guesses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What is believed of the seconds that an epoch takes."""

    posterior: Posterior
    """Of the warped logarithm of the seconds."""
    warp: Warp
    median: float
    """Logarithm of the seconds of an epoch, over the trials that were timed."""

    def factor(self, units: Floats) -> Floats:
        """Return by how much longer than the median an epoch takes with each configuration.  # (m,)"""
        targets, _ = self.posterior.at_full(units)
        logs = np.array([self.warp.undo(target) for target in targets.tolist()])
        return np.asarray(np.clip(np.exp(logs - self.median), 1 / MOST_FACTOR, MOST_FACTOR))
