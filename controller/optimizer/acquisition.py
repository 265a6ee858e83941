"""How much better than the best a configuration may be at full fidelity: expected improvement, and its logarithm."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr

from controller.optimizer.process import Slope

Floats = NDArray[np.float64]

ROOT_2PI = math.sqrt(2 * math.pi)
FAR = -1e3
"""Standard deviations below which the logarithm's leading term is exact to 3 parts in a million."""


def expected_improvement(mean: Floats, variance: Floats, best: float) -> Floats:
    """Return by how much a target is expected to fall below `best` (Jones et al. 1998, eq. 15)."""
    std = np.sqrt(variance)
    z = (best - mean) / std
    return np.asarray(std * (z * ndtr(z) + np.exp(-0.5 * z * z) / ROOT_2PI))


def log_expected_improvement(mean: Floats, variance: Floats, best: float) -> Floats:
    """Return the logarithm of the expected improvement, finite where that itself is 0 (Ament et al. 2023, eq. 9)."""
    std = np.sqrt(variance)
    return np.asarray(np.log(std) + _log_h((best - mean) / std))


def log_expected_improvement_gradient(slope: Slope, best: float) -> tuple[Floats, Floats]:
    """Return the logarithm and its gradient by the parameters.  # (m,), (m, dimensions)"""
    std = np.sqrt(slope.variance)
    z = (best - slope.mean) / std
    log_h = _log_h(z)
    rise = np.exp(np.clip(log_ndtr(z) - log_h, -50.0, 50.0))  # d log h / d z = Phi / h
    by_std = slope.variance_gradient / (2 * slope.variance)[:, None]
    z_gradient = -slope.mean_gradient / std[:, None] - z[:, None] * by_std
    return np.log(std) + log_h, by_std + rise[:, None] * z_gradient


def _log_h(z: Floats) -> Floats:
    """Return log(z Phi(z) + phi(z)) without cancellation (Ament et al. 2023, eq. 9 and appendix A)."""
    near, far = np.maximum(z, -1.0), np.clip(z, FAR, -1.0)
    log_near = np.log(near * ndtr(near) + np.exp(-0.5 * near * near) / ROOT_2PI)
    log_ratio = np.log1p(far * math.sqrt(math.pi / 2) * erfcx(-far / math.sqrt(2)))
    tail = np.where(z < FAR, -2 * np.log(np.maximum(-z, 1.0)), log_ratio)
    return np.asarray(np.where(z > -1, log_near, tail - 0.5 * z * z - math.log(ROOT_2PI)))
