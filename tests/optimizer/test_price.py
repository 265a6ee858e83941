"""What a configuration may gain, and what its moves are worth."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from controller.optimizer.acquisition import (
    expected_improvement,
    log_expected_improvement,
    log_expected_improvement_gradient,
)
from controller.optimizer.price import Climb, break_even_price
from controller.optimizer.process import Outlook, Slope


@pytest.mark.parametrize("mean", [-1.0, 0.0, 0.5, 3.0])
def test_expected_improvement_is_the_integral(mean: float) -> None:
    integral, _ = quad(lambda y: (0.2 - y) * norm.pdf(y, mean, 0.7), mean - 8, 0.2)
    gain = expected_improvement(np.array([mean]), np.array([0.49]), 0.2)[0]
    assert gain == pytest.approx(integral, rel=1e-6, abs=1e-12)
    assert log_expected_improvement(np.array([mean]), np.array([0.49]), 0.2)[0] == pytest.approx(math.log(gain))


def test_the_logarithm_tells_apart_what_the_improvement_itself_cannot() -> None:
    means = np.array([-2.0, 0.0, 0.9, 1.1, 20.0, 60.0, 900.0, 1100.0, 1e6])
    logs = log_expected_improvement(means, np.ones(9), 0.0)
    assert np.isfinite(logs).all()
    assert (np.diff(logs) < 0).all()
    assert expected_improvement(means, np.ones(9), 0.0)[-1] == 0


@pytest.mark.parametrize("mean", [-2.0, 0.3, 4.0, 50.0])
def test_the_gradient_of_the_logarithm_points_where_it_rises(mean: float) -> None:
    slope = Slope(
        mean=np.array([mean]),
        variance=np.array([0.8]),
        mean_gradient=np.array([[1.0, 0.0, -2.0]]),
        variance_gradient=np.array([[0.0, 1.0, 0.5]]),
    )
    value, gradient = log_expected_improvement_gradient(slope, 0.1)
    assert value == pytest.approx(log_expected_improvement(slope.mean, slope.variance, 0.1))
    for index in range(3):
        step = 1e-6
        means = slope.mean + step * np.array([1, -1]) * slope.mean_gradient[0, index]
        variances = slope.variance + step * np.array([1, -1]) * slope.variance_gradient[0, index]
        above, below = log_expected_improvement(means, variances, 0.1)
        assert gradient[0, index] == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-6)


def price(correlations: tuple[float, ...], costs: tuple[float, ...], mean: float = 0.0) -> float:
    """Return the price of a climb over rungs whose noiseless looks correlate so with the full one, one by one."""
    chain = np.array([*correlations, 1.0])  # Markov: the correlation of two rungs is the product of those between
    links = np.append(1.0, chain[:-1] / chain[1:])
    places = np.cumsum(-np.log(np.maximum(links, 1e-9)))
    covariance = np.exp(-np.abs(places[:, None] - places))
    climb = Climb(levels=tuple(range(len(chain))), costs=costs)
    outlook = Outlook(mean=np.array([mean]), covariance=covariance[None])
    return float(break_even_price(outlook, np.zeros(len(chain)), climb, 0.0)[0])


def test_a_full_run_is_priced_at_its_improvement_per_cost() -> None:
    assert price((), (2.0,)) == pytest.approx(norm.pdf(0) / 2)


def test_at_the_break_even_price_a_look_gains_what_it_costs() -> None:
    explained = 0.8
    found = price((math.sqrt(explained),), (0.1, 0.9))
    means = norm.ppf((np.arange(200_000) + 0.5) / 200_000) * math.sqrt(explained)
    gain = np.maximum(expected_improvement(means, np.full_like(means, 1 - explained), 0.0) - found * 0.9, 0).mean()
    assert gain == pytest.approx(found * 0.1, rel=0.1)  # seven nodes of a function with a kink


def test_an_informative_look_beats_a_full_run_and_a_blind_one_does_not() -> None:
    assert price((0.95,), (0.1, 0.9), mean=1.0) > 1.5 * price((), (1.0,), mean=1.0)
    assert price((1e-6,), (0.1, 0.9), mean=1.0) == pytest.approx(price((), (1.0,), mean=1.0), rel=1e-3)


def test_a_rung_at_which_one_may_pause_never_lowers_the_price() -> None:
    assert price((0.7, 0.95), (0.1, 0.2, 0.7)) >= price((0.7,), (0.1, 0.9)) - 1e-9


def test_noise_lowers_what_a_look_is_worth() -> None:
    outlook = Outlook(mean=np.array([0.5]), covariance=np.array([[[1.0, 0.9], [0.9, 1.0]]]))
    climb = Climb(levels=(0, 1), costs=(0.1, 0.9))
    clear, noisy = (break_even_price(outlook, np.array([noise, 0.0]), climb, 0.0)[0] for noise in (0.0, 2.0))
    assert noisy < 0.8 * clear
