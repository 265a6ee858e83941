"""How much of what the model predicts follows from each parameter: Sobol's indices, over draws from the posterior.

First-order indices by Saltelli et al. (2010, table 2 b), total ones by Jansen (1999), over the space as the optimizer
sees it: each parameter uniform on its own scale, and one that is switched off without a say. Draws are functions, by
Matheron's rule: a draw from the prior, as random cosine features (Rahimi and Recht 2007), plus what the rows correct of
it (Wilson et al. 2020, eq. 13). Their spread says how well the rows determine an index, given the most probable kernel.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky
from scipy.stats import qmc

from controller.optimizer.kernel import DIFFERENT, Kernel
from controller.optimizer.process import JITTER, Posterior, with_z
from controller.space import Space

Floats = NDArray[np.float64]

MOST_POINTS = 8_192
FEATURES = 512
DRAWS = 64
SEED = 20
LEAST_VARIANCE = 1e-12


class Indices(NamedTuple):
    """Shares of the prediction's variance."""

    first: Floats  # (draws, dimensions), by the parameter alone
    total: Floats  # (draws, dimensions), by the parameter and whatever it does together with others


def sensitivity_of(posterior: Posterior, space: Space) -> Indices:
    """Return the indices of draws from the posterior at full fidelity, always the same for the same posterior."""
    rng, dimensions = np.random.default_rng(SEED), space.dimensions
    count = 2 ** int(math.log2(MOST_POINTS / (dimensions + 2)))
    pairs = qmc.Sobol(2 * dimensions, scramble=True, rng=rng).random(count)
    left, right = pairs[:, :dimensions], pairs[:, dimensions:]
    mixed = np.repeat(left[None], dimensions, axis=0)
    for column in range(dimensions):
        mixed[column, :, column] = right[:, column]
    points = space.snap(np.concatenate([left, right, mixed.reshape(-1, dimensions)]))
    drawn = draws_at_full(posterior, points, np.array(space.levels), rng)
    of_left, of_right = drawn[:count], drawn[count : 2 * count]
    of_mixed = drawn[2 * count :].reshape(dimensions, count, -1)
    variance = np.maximum(drawn[: 2 * count].var(axis=0), LEAST_VARIANCE)
    first = (of_right * (of_mixed - of_left)).mean(axis=1) / variance
    total = ((of_left - of_mixed) ** 2).mean(axis=1) / (2 * variance)
    return Indices(first=np.clip(first.T, 0.0, 1.0), total=np.clip(total.T, 0.0, 1.0))


def draws_at_full(posterior: Posterior, units: Floats, levels: Floats, rng: np.random.Generator) -> Floats:
    """Return functions drawn from the posterior, at full fidelity, but for a constant each.

    `levels` are the numbers of values of each parameter.  # (m, dimensions) -> (m, DRAWS)
    """
    kernel, data = posterior.kernel, posterior.data
    before = _Prior.drawn(kernel, levels, rng)
    z = data.inputs[:, -1]
    noise = rng.standard_normal((len(data), DRAWS)) * np.sqrt(kernel.noise_at(z) + data.known + JITTER)[:, None]
    at_rows = before.at(data.inputs) + _trend(kernel, z, rng) + noise
    correction = cho_solve((posterior.factor, True), data.targets[:, None] - at_rows, check_finite=False)
    inputs = with_z(units, 0.0)
    return np.asarray(before.at(inputs) + kernel.covariance(data.inputs, inputs).T @ correction)


class _Prior(NamedTuple):
    """Functions drawn from the kernel's first term, which is a product over parameters and z."""

    kernel: Kernel
    levels: Floats  # (dimensions,), number of values of each parameter
    numeric: Floats  # (numeric parameters and z, features), frequencies along these
    choices: tuple[Floats, ...]  # of each categorical parameter: (choices and one that is off, features)
    phases: Floats  # (features,)
    weights: Floats  # (features, draws)

    @classmethod
    def drawn(cls, kernel: Kernel, levels: Floats, rng: np.random.Generator) -> "_Prior":
        """Draw. Matern 5/2 has the spectral density of a Student's t with 5 degrees of freedom, exp(-|z|) Cauchy's.

        Of a categorical parameter each choice is a corner of a space of its own, a length scale from every other one.
        """
        scales = np.sqrt(5.0 / rng.chisquare(5.0, FEATURES))
        lengths, is_choice = kernel.length_scales, np.array(kernel.is_categorical)
        along = rng.standard_normal((int((~is_choice).sum()), FEATURES)) * scales / lengths[~is_choice, None]
        corners = (rng.standard_normal((int(count) + 1, FEATURES)) * scales for count in levels[is_choice])
        return cls(
            kernel=kernel,
            levels=levels,
            numeric=np.vstack([along, rng.standard_cauchy(FEATURES) / kernel.fidelity_scale]),
            choices=tuple(each / (math.sqrt(2.0) * of) for each, of in zip(corners, lengths[is_choice], strict=True)),
            phases=rng.uniform(0.0, 2 * np.pi, FEATURES),
            weights=rng.standard_normal((FEATURES, DRAWS)),
        )

    def at(self, inputs: Floats) -> Floats:
        """Return the draws at inputs.  # (n, dimensions + 1) -> (n, draws)"""
        is_choice, z = np.array(self.kernel.is_categorical), inputs[:, -1]
        angles = self.phases + inputs[:, np.append(~is_choice, True)] @ self.numeric
        for column, corners in zip(np.flatnonzero(is_choice), self.choices, strict=True):
            angles += corners[_corner(inputs[:, column], int(self.levels[column]))]
        features = np.cos(angles, out=angles) * math.sqrt(2.0 / FEATURES)
        size = math.sqrt(self.kernel.variance) * np.exp(self.kernel.slope * z)
        return np.asarray(size[:, None] * (features @ self.weights))


def _corner(units: Floats, count: int) -> NDArray[np.intp]:
    """Return which choice stands at each place; a place between two choices is that of a parameter that is off."""
    places = units * count - 0.5
    nearest = np.rint(places)
    return np.where(np.abs(places - nearest) < DIFFERENT * count, nearest, count).astype(np.intp)


def _trend(kernel: Kernel, z: Floats, rng: np.random.Generator) -> Floats:
    """Return draws of what all configurations share at these z.  # (n,) -> (n, draws)

    At full fidelity it is a constant, and part of no index; but rows are explained by it, too.
    """
    places, which = np.unique(z, return_inverse=True)
    covariance = kernel.trend(places, places) + JITTER * np.eye(len(places))
    drawn = cholesky(covariance, lower=True) @ rng.standard_normal((len(places), DRAWS))
    return np.asarray(drawn[which])
