"""The Gaussian process over (parameters, fidelity), conditioned on rows: predict, and look ahead.

Inputs are points of the unit cube with z = log(share of the full fidelity) as the last column. A posterior is a value:
it is never changed, and `believing` returns another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from controller.optimizer.data import Data
from controller.optimizer.kernel import ROOT5, Kernel

Floats = NDArray[np.float64]

JITTER = 1e-6
LEAST_VARIANCE = 1e-10
BLOCK = 1024
"""Configurations judged at once: thousands of paused trials must not take hundreds of megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What runs of some configurations would teach, one after another."""

    mean: Floats  # (m,), of the target at full fidelity
    covariance: Floats  # (m, levels, levels), of the targets at the levels; the last level is the full fidelity


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """The target at full fidelity, and how it changes with the parameters."""

    mean: Floats  # (m,)
    variance: Floats  # (m,)
    mean_gradient: Floats  # (m, dimensions)
    variance_gradient: Floats  # (m, dimensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What is believed after the rows seen."""

    kernel: Kernel
    data: Data
    factor: Floats  # (n, n), lower
    solved: Floats  # (n,): covariance @ solved = targets

    def predict(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of the noise-free target at each input (Rasmussen and Williams 2006, alg. 2.1)."""
        covariance = self.kernel.covariance(self.data.inputs, inputs)
        whitened = self._whiten(covariance)
        left = self.kernel.prior_variance(inputs[:, -1]) - np.einsum("ij,ij->j", whitened, whitened)
        return covariance.T @ self.solved, np.maximum(left, LEAST_VARIANCE)

    def at_full(self, units: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance at full fidelity of each configuration."""
        blocks = [units[start : start + BLOCK] for start in range(0, len(units), BLOCK)] or [units]
        means, variances = zip(*(self.predict(with_z(block, 0.0)) for block in blocks), strict=True)
        return np.concatenate(means), np.concatenate(variances)

    def slope_at_full(self, units: Floats) -> Slope:
        """Return the prediction at full fidelity with its gradient; along a categorical coordinate it is 0."""
        kernel, rows = self.kernel, self.data.inputs[:, :-1]
        z, full = self.data.inputs[:, -1], np.zeros(1)
        fade = kernel.fade(z, full)
        squares = kernel.squared_distance(rows, units)
        r = np.sqrt(squares)
        inner = (1 + ROOT5 * r) * np.exp(-ROOT5 * r)
        covariance = (inner + (5 / 3) * squares * np.exp(-ROOT5 * r)) * fade + kernel.trend(z, full)
        by_row = cho_solve((self.factor, True), covariance, check_finite=False)
        steep = -(5 / 3) * inner * fade  # times (x - x') / length^2: the gradient of the covariance by x
        scales = np.where(kernel.is_categorical, 0.0, kernel.length_scales**-2.0)
        for_mean, for_variance = steep * self.solved[:, None], steep * by_row
        left = kernel.prior_variance(full) - np.einsum("ij,ij->j", covariance, by_row)
        return Slope(
            mean=covariance.T @ self.solved,
            variance=np.maximum(left, LEAST_VARIANCE),
            mean_gradient=scales * (units * for_mean.sum(axis=0)[:, None] - for_mean.T @ rows),
            variance_gradient=-2 * scales * (units * for_variance.sum(axis=0)[:, None] - for_variance.T @ rows),
        )

    def outlook(self, units: Floats, levels: Floats) -> Outlook:
        """Return what is believed of each configuration at each of these z, of which the last is 0."""
        kernel, rows, z = self.kernel, self.data.inputs[:, :-1], self.data.inputs[:, -1]
        likeness = kernel.likeness(rows, units)
        fade, trend = kernel.fade(z, levels), kernel.trend(z, levels)
        whitened = [self._whiten(likeness * fade[:, [i]] + trend[:, [i]]) for i in range(len(levels))]
        known = np.einsum("ani,bni->iab", whitened, whitened)
        before = kernel.fade(levels, levels) + kernel.trend(levels, levels)
        at_full = likeness * fade[:, [-1]] + trend[:, [-1]]
        return Outlook(mean=at_full.T @ self.solved, covariance=before - known)

    def believing(self, inputs: Floats) -> "Posterior":
        """Return the posterior as if the results at `inputs` were what is expected (Ginsbourger et al. 2010)."""
        if not len(inputs):
            return self
        expected, _ = self.predict(inputs)
        data = self.data
        with_them = Data(
            np.vstack([data.inputs, inputs]),
            np.concatenate([data.targets, expected]),
            np.concatenate([data.known, np.zeros(len(inputs))]),
        )
        return posterior_of(with_them, self.kernel)

    def _whiten(self, covariance: Floats) -> Floats:
        return np.asarray(solve_triangular(self.factor, covariance, lower=True, check_finite=False))


def posterior_of(data: Data, kernel: Kernel) -> Posterior:
    """Condition the process on data, with one Cholesky factorization."""
    inputs = data.inputs
    covariance = kernel.covariance(inputs, inputs)
    covariance[np.diag_indices_from(covariance)] += kernel.noise_at(inputs[:, -1]) + data.known + JITTER
    factor = cholesky(covariance, lower=True, check_finite=False)
    solved = cho_solve((factor, True), data.targets, check_finite=False)
    return Posterior(kernel=kernel, data=data, factor=factor, solved=solved)


def with_z(units: Floats, z: float) -> Floats:
    """Return the inputs of configurations at one fidelity.  # (m, dimensions) -> (m, dimensions + 1)"""
    return np.column_stack([units, np.full(len(units), z)])
