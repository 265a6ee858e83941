"""What a configuration must meet beside being good: that it trains at all, and bounds on other metrics.

Each is a Gaussian process of its own whose value must stay below a limit; a configuration is feasible with the product
of their probabilities, by which its expected improvement is weighed (Gelbart et al. 2014, section 3).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from controller.optimizer.process import Posterior, Slope

Floats = NDArray[np.float64]
ROOT_2PI = np.sqrt(2 * np.pi)
LEAST_LOG = -30.0
"""Of a probability: what is thought impossible still has a slope to climb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A process whose value at full fidelity must not exceed `most`."""

    posterior: Posterior
    most: float
    noise: float
    """Variance of what is observed about the process: a run fails or not, it does not fail by half."""

    def log_probability(self, units: Floats) -> Floats:
        """Return the logarithm of the chance that each configuration stays below the limit.  # (m,)"""
        mean, variance = self.posterior.at_full(units)
        return self._log_chance((self.most - mean) / np.sqrt(variance + self.noise))

    def log_probability_gradient(self, units: Floats) -> tuple[Floats, Floats]:
        """Return the same and its gradient by the parameters.  # (m,), (m, dimensions)"""
        slope: Slope = self.posterior.slope_at_full(units)
        std = np.sqrt(slope.variance + self.noise)
        h = (self.most - slope.mean) / std
        steepness = np.exp(-0.5 * h * h - log_ndtr(h)) / ROOT_2PI  # d log Phi / d h
        by_units = -slope.mean_gradient / std[:, None] - (h / (2 * std**2))[:, None] * slope.variance_gradient
        is_bound = log_ndtr(h) <= LEAST_LOG
        return self._log_chance(h), np.where(is_bound, 0.0, steepness)[:, None] * by_units

    @staticmethod
    def _log_chance(h: Floats) -> Floats:
        return np.maximum(log_ndtr(h), LEAST_LOG)
