"""The kernel most probable for the rows: maximum a posteriori, with analytic gradients.

Where the climb starts depends on nothing but the dimensions, so that a restarted controller learns what the old one
had learned. Remembering what was learned is the caller's choice: see `memory`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.optimize import Bounds, minimize

from controller.optimizer.data import Data
from controller.optimizer.kernel import DIFFERENT, ROOT5, Kernel

Floats = NDArray[np.float64]

LEAST_NOISE = 1e-5

JITTER = 1e-6
MOST_STEPS = 40
IMPOSSIBLE = 1e10


def learn(data: Data, is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> Kernel:
    """Return the kernel most probable for these data; its noise is what comes on top of that which is known."""
    beliefs = _beliefs(len(is_categorical), least_noise)
    found = minimize(
        _Posterior.of(data, is_categorical, beliefs).negative_log,
        beliefs.start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(beliefs.lower, beliefs.upper),
        options={"maxiter": MOST_STEPS},
    )
    return _kernel_at(found.x, is_categorical)


def prior(is_categorical: tuple[bool, ...], least_noise: float = LEAST_NOISE) -> Kernel:
    """Return the kernel assumed before there is enough to learn from."""
    return _kernel_at(_beliefs(len(is_categorical), least_noise).start, is_categorical)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beliefs:
    """Normal priors over log length scales, log variance, log fidelity scale, slope, log noise, noise slope."""

    mean: Floats
    std: Floats
    start: Floats
    lower: Floats
    upper: Floats


def _beliefs(dimensions: int, least_noise: float = LEAST_NOISE) -> _Beliefs:
    """Length scales grow with the root of the dimension (Hvarfner et al. 2024, section 4), and start shorter."""
    root = 0.5 * math.log(dimensions)
    every = np.ones(dimensions)
    log = math.log
    return _Beliefs(
        mean=np.concatenate([every * (root - 0.5), [0.0, log(8.0), 0.0, log(0.05), 0.3]]),
        std=np.concatenate([every * math.sqrt(3), [1.0, 0.7, 0.2, 1.0, 0.5]]),
        start=np.concatenate([every * (root + log(0.5)), [0.0, log(8.0), 0.0, max(log(0.01), log(least_noise)), 0.3]]),
        lower=np.concatenate([every * log(0.03), [-4.0, log(0.4), -1.0, log(least_noise), -0.5]]),
        upper=np.concatenate([every * log(100.0), [4.0, log(80.0), 1.0, 0.0, 2.0]]),
    )


def _kernel_at(theta: Floats, is_categorical: tuple[bool, ...]) -> Kernel:
    *lengths, variance, fidelity_scale, slope, noise, noise_slope = theta.tolist()
    return Kernel(
        length_scales=np.exp(lengths),
        variance=math.exp(variance),
        fidelity_scale=math.exp(fidelity_scale),
        slope=slope,
        noise=math.exp(noise),
        noise_slope=noise_slope,
        is_categorical=is_categorical,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posterior:
    """Of the hyperparameters, given rows; what does not depend on them is computed once."""

    squares: Floats  # (dimensions, n * n), of the differences of coordinates
    gaps: Floats  # (n, n), |z - z'|
    sums: Floats  # (n, n), z + z'
    trend: Floats  # (n, n)
    data: Data
    beliefs: _Beliefs

    @classmethod
    def of(cls, data: Data, is_categorical: tuple[bool, ...], beliefs: _Beliefs) -> "_Posterior":
        columns, z = data.inputs.T[:-1], data.inputs[:, -1]
        squares = (columns[:, :, None] - columns[:, None, :]) ** 2
        categorical = np.flatnonzero(is_categorical)
        squares[categorical] = squares[categorical] > DIFFERENT**2
        gaps = np.abs(z[:, None] - z)
        return cls(
            squares=squares.reshape(len(columns), -1),
            gaps=gaps,
            sums=z[:, None] + z,
            trend=np.exp(-0.5 * gaps * gaps),
            data=data,
            beliefs=beliefs,
        )

    def negative_log(self, theta: Floats) -> tuple[float, Floats]:
        """Return the value and its gradient (Rasmussen and Williams 2006, eqs. 5.8 and 5.9, plus the log prior)."""
        count, dimensions = len(self.data), len(self.squares)
        targets, z = self.data.targets, self.data.inputs[:, -1]
        log_variance, log_scale, slope, log_noise, noise_slope = theta[dimensions:]
        weights, rate = np.exp(-2 * theta[:dimensions]), math.exp(-log_scale)
        r = np.sqrt((weights @ self.squares).reshape(count, count))
        fade = np.exp(log_variance - rate * self.gaps + slope * self.sums)
        inner = (1 + ROOT5 * r) * np.exp(-ROOT5 * r)
        own = (inner + (5 / 3) * r * r * np.exp(-ROOT5 * r)) * fade
        noise = np.exp(log_noise - noise_slope * z)
        covariance = own + self.trend
        covariance[np.diag_indices(count)] += noise + self.data.known + JITTER
        try:
            factor = cholesky(covariance, lower=True, check_finite=False)
        except LinAlgError:
            return IMPOSSIBLE, np.zeros_like(theta)
        solved = cho_solve((factor, True), targets, check_finite=False)
        value = 0.5 * float(targets @ solved) + float(np.log(np.diag(factor)).sum())
        pull = cho_solve((factor, True), np.eye(count), check_finite=False) - np.outer(solved, solved)
        pulled = pull * own
        by_noise = np.diag(pull) * noise
        gradient = 0.5 * np.concatenate(
            [
                weights * (self.squares @ ((5 / 3) * pull * inner * fade).ravel()),
                [pulled.sum(), rate * (pulled * self.gaps).sum(), (pulled * self.sums).sum()],
                [by_noise.sum(), -(by_noise * z).sum()],
            ]
        )
        away = (theta - self.beliefs.mean) / self.beliefs.std
        return value + 0.5 * float(away @ away), gradient + away / self.beliefs.std
