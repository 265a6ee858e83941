"""How much one run says about another: the covariance of their targets over (parameters, fidelity)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]

ROOT5 = math.sqrt(5.0)
DIFFERENT = 1e-9
"""Categories this far apart in the unit cube are different ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """k = variance (s s')^slope M52(r) exp(-|z - z'| / fidelity_scale) + exp(-(z - z')^2 / 2), with z = log s.

    s is the fidelity as a share of the full one, r the distance of two configurations in units of `length_scales`;
    categories differ by 0 or 1. The first term is what configurations differ in. It forgets along z as an
    Ornstein-Uhlenbeck process does: given a run's result, shorter ones say nothing more about longer ones, the Markov
    property of co-kriging (Kennedy and O'Hagan 2000, eq. 1). `slope` lets differences grow or shrink with training. The
    second term is the trend that all configurations share. Noise has the variance noise * s^(-noise_slope).
    """

    length_scales: Floats  # (dimensions,)
    variance: float
    fidelity_scale: float
    slope: float
    noise: float
    noise_slope: float
    is_categorical: tuple[bool, ...]

    def likeness(self, left: Floats, right: Floats) -> Floats:
        """Return what configurations have in common by their parameters alone: M52(r), in [0, 1].  # (n, m)"""
        r = np.sqrt(self.squared_distance(left, right))
        own = (5 / 3) * r
        own += ROOT5
        own *= r
        own += 1
        r *= -ROOT5
        own *= np.exp(r, out=r)
        return own

    def squared_distance(self, left: Floats, right: Floats) -> Floats:
        """Return r^2 of each pair of configurations.  # (n, dimensions), (m, dimensions) -> (n, m)"""
        categorical = np.array(self.is_categorical)
        numeric = np.flatnonzero(~categorical)
        scales = self.length_scales
        squares = cdist(left[:, numeric] / scales[numeric], right[:, numeric] / scales[numeric], "sqeuclidean")
        for column in np.flatnonzero(categorical):
            squares += (np.abs(left[:, column, None] - right[:, column]) > DIFFERENT) / scales[column] ** 2
        return np.asarray(squares)

    def fade(self, left: Floats, right: Floats) -> Floats:
        """Return the factor of the likeness between these z.  # (n,), (m,) -> (n, m)"""
        gaps = np.abs(left[:, None] - right)
        grown = self.slope * (left[:, None] + right)
        return np.asarray(self.variance * np.exp(grown - gaps / self.fidelity_scale))

    def trend(self, left: Floats, right: Floats) -> Floats:
        """Return the covariance that all configurations share between these z.  # (n,), (m,) -> (n, m)"""
        return np.asarray(np.exp(-0.5 * (left[:, None] - right) ** 2))

    def covariance(self, left: Floats, right: Floats) -> Floats:
        """Return k between inputs, whose last column is z.  # (n, dimensions + 1), (m, dimensions + 1) -> (n, m)"""
        return self.at(self.likeness(left[:, :-1], right[:, :-1]), left[:, -1], right[:, -1])

    def at(self, likeness: Floats, left: Floats, right: Floats) -> Floats:
        """Return k of configurations that are so much alike, at these z.  # (n, m), (n,), (m,) -> (n, m)"""
        levels, places = np.unique(right, return_inverse=True)  # few: the rungs
        fade, trend = self.fade(left, levels), self.trend(left, levels)
        if len(levels) > 1:
            fade, trend = fade[:, places], trend[:, places]
        return np.asarray(likeness * fade + trend)

    def prior_variance(self, z: Floats) -> Floats:
        """Return k of an input with itself.  # (n,)"""
        return np.asarray(self.variance * np.exp(2 * self.slope * z) + 1.0)

    def noise_at(self, z: Floats) -> Floats:
        """Return the variance of the noise at these z.  # (n,)"""
        return np.asarray(self.noise * np.exp(-self.noise_slope * z))
