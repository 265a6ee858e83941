"""The model: one Gaussian process over (parameters, fidelity), so that a short run says something about a full one.

Inputs are points of the unit cube with z = log(epochs / full epochs) as the last column; targets are minimized and
standardized. Hyperparameters are learned by scikit-optimize's regressor and depend on nothing but the rows given, so
that a restarted controller answers as the old one would have. Which rows to give, and when, the optimizer says.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import Bounds, minimize
from scipy.spatial.distance import cdist
from skopt.learning import GaussianProcessRegressor
from skopt.learning.gaussian_process.kernels import Hyperparameter, Kernel, WhiteKernel

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]

ROOT5 = math.sqrt(5.0)
JITTER = 1e-8
"""Keeps the logarithm of the best value finite; the smaller, the more the model looks at the very best."""
WIDE = (1e-6, 1e6)
"""The regressor's own bounds, never met: the search is bounded by the beliefs, and warns of nothing."""
MOST_STEPS = 40
BLOCK = 1024
"""Moves that are judged at once: thousands of paused trials must not take hundreds of megabytes."""


class FidelityKernel(Kernel):  # type: ignore[misc]  # scikit-optimize ships no types
    """k = variance * Matern52(r) * RBF((z - z') / fidelity_scale) + RBF(z - z'), with r over scaled parameters.

    The first term is what configurations differ in; `fidelity_scale` says how far a low fidelity informs the full one.
    The second is the trend that all of them share. Categories differ by 0 or 1. Noise is WhiteKernel's.
    """

    def __init__(
        self, length_scale: Floats, *, variance: float, fidelity_scale: float, is_categorical: tuple[bool, ...]
    ) -> None:
        self.length_scale = length_scale
        self.variance = variance
        self.fidelity_scale = fidelity_scale
        self.is_categorical = is_categorical

    # The regressor orders its vector by these names: fidelity_scale, length_scale, variance.
    @property
    def hyperparameter_fidelity_scale(self) -> Any:  # the library's type, which the checker does not know
        return Hyperparameter("fidelity_scale", "numeric", WIDE)

    @property
    def hyperparameter_length_scale(self) -> Any:
        return Hyperparameter("length_scale", "numeric", WIDE, len(self.is_categorical))

    @property
    def hyperparameter_variance(self) -> Any:
        return Hyperparameter("variance", "numeric", WIDE)

    def __call__(self, X: Floats, Y: Floats | None = None, eval_gradient: bool = False) -> Any:  # noqa: N803, FBT001, FBT002, RUF100  # the library's names
        """Return the covariance (n, m), and with `eval_gradient` its derivatives by the log parameters (n, n, p)."""
        if eval_gradient:
            return self._with_gradient(X)
        other = X if Y is None else Y
        return self.at_fidelity(self.likeness(X, other), X[:, -1], other[:, -1])

    def likeness(self, left: Floats, right: Floats) -> Floats:
        """Return what two configurations have in common by their parameters alone, in [0, 1].  # (n, m)"""
        r = self._distances(left, right)
        own = (5 / 3) * r
        own += ROOT5
        own *= r
        own += 1
        r *= -ROOT5
        np.exp(r, out=r)
        own *= r
        return own

    def at_fidelity(self, likeness: Floats, left: Floats, right: Floats) -> Floats:
        """Return the covariance of configurations that are so much alike, at these z.  # (n, m), (n,), (m,)"""
        levels, places = np.unique(right, return_inverse=True)  # few: the rungs
        gaps = (left[:, None] - levels) ** 2
        fade, trend = self.variance * np.exp(-0.5 * gaps / self.fidelity_scale**2), np.exp(-0.5 * gaps)
        if len(levels) > 1:
            fade, trend = fade[:, places], trend[:, places]
        covariance = likeness * fade
        covariance += trend
        return np.asarray(covariance)

    def _with_gradient(self, rows: Floats) -> tuple[Floats, Floats]:
        squares = self._squared_distances(rows, rows)  # (dimensions, n, n)
        gaps = (rows[:, -1, None] - rows[None, :, -1]) ** 2
        r = np.sqrt(squares.sum(axis=0))
        decay = np.exp(-ROOT5 * r)
        fade = self.variance * np.exp(-0.5 * gaps / self.fidelity_scale**2)
        own = (1 + ROOT5 * r + (5 / 3) * r * r) * decay * fade
        by_length = squares * ((5 / 3) * (1 + ROOT5 * r) * decay * fade)
        return own + np.exp(-0.5 * gaps), np.stack([own * gaps / self.fidelity_scale**2, *by_length, own], axis=-1)

    def diag(self, X: Floats) -> Floats:  # noqa: N803  # the library's name
        return np.full(len(X), self.variance + 1.0)

    def is_stationary(self) -> bool:
        return True

    def to_full(self, z: Floats) -> Floats:
        """Return the covariance of a configuration at z with itself at full fidelity."""
        return np.asarray(self.variance * np.exp(-0.5 * (z / self.fidelity_scale) ** 2) + np.exp(-0.5 * z * z))

    def _distances(self, left: Floats, right: Floats) -> Floats:
        scales, is_categorical = np.atleast_1d(self.length_scale), np.array(self.is_categorical)
        numeric = np.flatnonzero(~is_categorical)
        squares = cdist(left[:, numeric] / scales[numeric], right[:, numeric] / scales[numeric], "sqeuclidean")
        for column in np.flatnonzero(is_categorical):
            squares += (np.abs(left[:, column, None] - right[:, column]) > 1e-9) / scales[column] ** 2
        return np.asarray(np.sqrt(squares, out=squares))

    def _squared_distances(self, left: Floats, right: Floats) -> Floats:
        apart = left.T[:-1, :, None] - right.T[:-1, None, :]
        categories = np.flatnonzero(self.is_categorical)
        apart[categories] = np.abs(apart[categories]) > 1e-9
        apart /= np.atleast_1d(self.length_scale)[:, None, None]
        apart *= apart
        return np.asarray(apart)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What is believed after the rows seen. It is never changed; `believing` returns another."""

    kernel: FidelityKernel
    noise: float
    inputs: Floats  # (n, dimensions + 1)
    targets: Floats  # (n,)
    factor: Floats  # (n, n), lower
    weights: Floats  # (n,): factor @ weights = targets

    def predict(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of the noise-free target at each input."""
        projected = self._project(inputs)
        variance = self.kernel.diag(inputs) - (projected * projected).sum(axis=0)
        return projected.T @ self.weights, np.maximum(variance, 1e-10)

    def look(self, inputs: Floats) -> tuple[Floats, Floats, Floats]:
        """Return mean and variance at full fidelity, and how much of that variance one noisy look at `inputs` explains.

        The share is the squared correlation of the look's result with the target at full fidelity, in [0, 1).
        """
        parts = [self._look(inputs[start : start + BLOCK]) for start in range(0, len(inputs), BLOCK)]
        mean, variance, explained = zip(*parts, strict=True)
        return np.concatenate(mean), np.concatenate(variance), np.concatenate(explained)

    def _look(self, inputs: Floats) -> tuple[Floats, Floats, Floats]:
        units, z = inputs[:, :-1], inputs[:, -1]
        is_another = np.concatenate([[True], (units[1:] != units[:-1]).any(axis=1)])
        which = np.cumsum(is_another) - 1  # moves of one configuration stand side by side, and share what is equal
        likeness = self.kernel.likeness(self.inputs, units[is_another])  # (n, configurations)
        full = self._solve(self.kernel.at_fidelity(likeness, self.inputs[:, -1], np.zeros(is_another.sum())))
        left = self.kernel.diag(units[is_another]) - (full * full).sum(axis=0)
        mean, variance = (full.T @ self.weights)[which], np.maximum(left, 1e-10)[which]
        seen, shared = left[which], left[which]
        below = np.flatnonzero(z != 0.0)
        if len(below):
            low = self._solve(self.kernel.at_fidelity(likeness[:, which[below]], self.inputs[:, -1], z[below]))
            seen[below] = self.kernel.diag(units[below]) - (low * low).sum(axis=0)
            shared[below] = self.kernel.to_full(z[below]) - (full[:, which[below]] * low).sum(axis=0)
        return mean, variance, np.minimum(shared**2 / (variance * (np.maximum(seen, 1e-10) + self.noise)), 0.9999)

    def believing(self, inputs: Floats) -> "Posterior":
        """Return the posterior as if the results at `inputs` were what is expected (Ginsbourger et al. 2010)."""
        if not len(inputs):
            return self
        expected, _ = self.predict(inputs)
        rows = np.vstack([self.inputs, inputs])
        return posterior_of(rows, np.concatenate([self.targets, expected]), kernel=self.kernel, noise=self.noise)

    def _project(self, inputs: Floats) -> Floats:
        return self._solve(self.kernel(self.inputs, inputs))

    def _solve(self, covariance: Floats) -> Floats:
        return np.asarray(solve_triangular(self.factor, covariance, lower=True, check_finite=False))


def posterior_of(inputs: Floats, targets: Floats, *, kernel: FidelityKernel, noise: float) -> Posterior:
    """Condition the process on rows, with one Cholesky factorization."""
    covariance = kernel(inputs)
    covariance[np.diag_indices_from(covariance)] += noise + JITTER
    factor = cholesky(covariance, lower=True, check_finite=False)
    weights = solve_triangular(factor, targets, lower=True, check_finite=False)
    return Posterior(kernel=kernel, noise=noise, inputs=inputs, targets=targets, factor=factor, weights=weights)


def learn(inputs: Floats, targets: Floats, is_categorical: tuple[bool, ...]) -> tuple[FidelityKernel, float]:
    """Return the kernel and the noise variance most probable for these rows. Repeated calls are remembered."""
    theta = _most_probable(inputs.tobytes(), targets.tobytes(), is_categorical)
    return _kernel_at(np.array(theta), is_categorical), math.exp(theta[-1])


def prior(is_categorical: tuple[bool, ...]) -> tuple[FidelityKernel, float]:
    """Return the kernel and the noise variance assumed before there is enough to learn from."""
    start = _beliefs(len(is_categorical)).start
    return _kernel_at(start, is_categorical), math.exp(start[-1])


@lru_cache(maxsize=64)
def _most_probable(inputs: bytes, targets: bytes, is_categorical: tuple[bool, ...]) -> tuple[float, ...]:
    beliefs = _beliefs(len(is_categorical))
    kernel = _kernel_at(beliefs.start, is_categorical) + WhiteKernel(math.exp(beliefs.start[-1]), WIDE)
    regressor = GaussianProcessRegressor(kernel, alpha=JITTER, optimizer=partial(_climb, beliefs))
    rows = np.frombuffer(inputs).reshape(-1, len(is_categorical) + 1)
    return tuple(regressor.fit(rows, np.frombuffer(targets)).kernel_.theta.tolist())


def _climb(beliefs: "_Beliefs", objective: Objective, start: Floats, bounds: Floats) -> tuple[Floats, float]:
    """Maximize likelihood times prior, in the form in which the regressor takes an optimizer."""

    def negative_log_posterior(theta: Floats) -> tuple[float, Floats]:
        value, gradient = objective(theta)
        if not math.isfinite(value):
            return 1e10, np.zeros_like(theta)
        away = (theta - beliefs.mean) / beliefs.std
        return float(value) + 0.5 * float(away @ away), gradient + away / beliefs.std

    lower, upper = np.clip(beliefs.bounds, bounds[:, :1], bounds[:, 1:]).T
    found = minimize(
        negative_log_posterior,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(lower, upper),
        options={"maxiter": MOST_STEPS},
    )
    return found.x, float(found.fun)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beliefs:
    """Normal priors over the log hyperparameters: fidelity scale, length scales, variance, noise."""

    mean: Floats
    std: Floats
    start: Floats
    bounds: Sequence[tuple[float, float]]


def _beliefs(dimensions: int) -> _Beliefs:
    """Length scales grow with the root of the dimension (Hvarfner et al. 2024, section 4)."""
    root = 0.5 * math.log(dimensions)
    lengths = np.full(dimensions, math.sqrt(2) + root)
    return _Beliefs(
        mean=np.concatenate([[math.log(2.0)], lengths, [0.0, math.log(0.01)]]),
        std=np.concatenate([[0.7], np.full(dimensions, math.sqrt(3)), [1.0, 1.5]]),
        start=np.concatenate([[math.log(2.0)], np.full(dimensions, root + math.log(0.5)), [0.0, math.log(0.01)]]),
        bounds=[
            (math.log(0.3), math.log(20.0)),
            *[(math.log(0.03), math.log(100.0))] * dimensions,
            (-4.0, 4.0),
            (math.log(1e-5), math.log(0.5)),
        ],
    )


def _kernel_at(theta: Floats, is_categorical: tuple[bool, ...]) -> FidelityKernel:
    fidelity_scale, *lengths, variance, _noise = np.exp(theta).tolist()
    return FidelityKernel(
        np.array(lengths), variance=variance, fidelity_scale=fidelity_scale, is_categorical=is_categorical
    )
