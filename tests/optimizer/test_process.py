"""The model: its covariance, what it learns, what it believes of runs in flight, where its gradients point."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from controller.optimizer.data import Data
from controller.optimizer.kernel import Kernel
from controller.optimizer.learning import _beliefs, _Posterior, learn, prior
from controller.optimizer.memory import Remembering
from controller.optimizer.process import Posterior, posterior_of, with_z

Floats = NDArray[np.float64]
NUMBERS = (False, False)


def kernel(is_categorical: tuple[bool, ...] = (False, True, False)) -> Kernel:
    return Kernel(
        length_scales=np.array([0.5, 1.0, 2.0])[: len(is_categorical)],
        variance=1.5,
        fidelity_scale=3.0,
        slope=0.2,
        noise=0.02,
        noise_slope=0.5,
        is_categorical=is_categorical,
    )


def points(count: int, dimensions: int, *, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.random((count, dimensions)), np.log(rng.choice([1 / 9, 1 / 3, 1.0], count))])


def test_the_gradient_is_that_of_the_posterior_of_the_hyperparameters() -> None:
    rows = points(12, 3, seed=0)
    rows[:5, 1] = 0.25
    is_categorical = (False, True, False)
    beliefs = _beliefs(3)
    posterior = _Posterior.of(Data(rows, np.sin(9 * rows[:, 0]), 0.1 * rows[:, 2]), is_categorical, beliefs)
    theta = beliefs.start + 0.1 * np.arange(8)
    _, gradient = posterior.negative_log(theta)
    for index in range(8):
        step = np.eye(8)[index] * 1e-6
        numeric = (posterior.negative_log(theta + step)[0] - posterior.negative_log(theta - step)[0]) / 2e-6
        assert gradient[index] == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_what_is_learned_and_what_is_conditioned_on_is_the_same_covariance() -> None:
    rows = points(9, 3, seed=1)
    beliefs = _beliefs(3)
    targets = np.cos(4 * rows[:, 2])
    value, _ = _Posterior.of(Data.of(rows, targets), (False, True, False), beliefs).negative_log(beliefs.start)
    seen = posterior_of(Data.of(rows, targets), prior((False, True, False)))
    likelihood = 0.5 * targets @ seen.solved + np.log(np.diag(seen.factor)).sum()
    away = (beliefs.start - beliefs.mean) / beliefs.std
    assert value == pytest.approx(likelihood + 0.5 * away @ away)


def test_categories_differ_or_not_however_far_apart_their_bins_lie() -> None:
    here, near, far = np.array([[0.5, x, 0.5, 0.0] for x in (0.1, 0.3, 0.9)])[:, None]
    assert kernel().covariance(here, near) == kernel().covariance(here, far)
    assert kernel().covariance(here, near) < kernel().covariance(here, here)


def test_the_prior_variance_is_the_covariance_of_an_input_with_itself() -> None:
    rows = points(6, 3, seed=1)
    assert np.allclose(np.diag(kernel().covariance(rows, rows)), kernel().prior_variance(rows[:, -1]))


def test_given_a_long_run_a_short_one_says_nothing_more_about_a_longer_one() -> None:
    """The Markov property, of what configurations differ in: the trend is common to all."""
    short, medium, full = np.log([[1 / 9], [1 / 3], [1.0]])
    fade = kernel().fade
    assert fade(short, full) * fade(medium, medium) == pytest.approx(fade(short, medium) * fade(medium, full))


def test_a_parameter_without_effect_gets_the_longest_scale() -> None:
    rows = points(60, 3, seed=2)
    targets = np.sin(6 * rows[:, 0]) + 2 * (rows[:, 1] - 0.5) ** 2
    learned = learn(Data.of(rows, (targets - targets.mean()) / targets.std()), (False, False, False))
    assert learned.length_scales[2] > 5 * learned.length_scales[:2].max()
    assert learned.noise < 0.02


@pytest.mark.parametrize(("is_shared", "least", "most"), [(True, 0.8, 1.0), (False, 0.0, 0.3)])
def test_it_learns_how_far_short_runs_may_be_trusted(is_shared: bool, least: float, most: float) -> None:
    rng = np.random.default_rng(3)
    places = np.tile(rng.random((40, 2)), (2, 1))
    rows = np.column_stack([places, np.repeat([math.log(1 / 9), 0.0], 40)])
    shape = np.sin(5 * places[:, 0]) + np.cos(4 * places[:, 1])
    targets = np.where(rows[:, -1] < 0, shape if is_shared else np.sin(9 * places[:, 1] * places[:, 0] + 2), shape)
    learned = learn(Data.of(rows, (targets - targets.mean()) / targets.std()), NUMBERS)
    assert least <= math.exp(-math.log(9) / learned.fidelity_scale) <= most


def seen(rows: Floats, is_categorical: tuple[bool, ...]) -> Posterior:
    return posterior_of(Data.of(rows, np.sin(rows[:, 0] * 6) + rows[:, 1]), kernel(is_categorical))


def test_the_slope_at_full_fidelity_is_the_prediction_and_its_gradient() -> None:
    posterior = seen(points(15, 3, seed=4), (False, True, False))
    places = points(4, 3, seed=5)[:, :3]
    slope = posterior.slope_at_full(places)
    mean, variance = posterior.at_full(places)
    assert np.allclose(slope.mean, mean)
    assert np.allclose(slope.variance, variance)
    for column in (0, 2):
        step = np.eye(3)[column] * 1e-5
        (above, more), (below, less) = posterior.at_full(places + step), posterior.at_full(places - step)
        assert np.allclose(slope.mean_gradient[:, column], (above - below) / 2e-5, atol=1e-6)
        assert np.allclose(slope.variance_gradient[:, column], (more - less) / 2e-5, atol=1e-6)
    assert (slope.mean_gradient[:, 1] == 0).all()


def test_the_outlook_agrees_with_the_prediction_at_each_level() -> None:
    posterior = seen(points(15, 2, seed=6), NUMBERS)
    places, levels = points(5, 2, seed=7)[:, :2], np.log([1 / 9, 1 / 3, 1.0])
    outlook = posterior.outlook(places, levels)
    for level, z in enumerate(levels):
        mean, variance = posterior.predict(with_z(places, z))
        assert np.allclose(outlook.covariance[:, level, level], variance)
    assert np.allclose(outlook.mean, mean)
    one = places[:1]
    whole = np.vstack([np.append(one, z) for z in levels])
    joint = posterior.kernel.covariance(whole, whole)
    crossed = posterior.kernel.covariance(posterior.data.inputs, whole)
    explained = crossed.T @ np.linalg.solve(posterior.factor @ posterior.factor.T, crossed)
    assert np.allclose(outlook.covariance[0], joint - explained)


def test_believing_a_run_in_flight_moves_no_mean_and_leaves_less_to_learn_there() -> None:
    rows = points(12, 2, seed=5)
    before = posterior_of(Data.of(rows, np.sin(rows[:, 0] * 6)), prior(NUMBERS))
    running = np.array([[0.3, 0.3, 0.0]])
    after = before.believing(running)
    for place in (running, points(20, 2, seed=6)):
        assert np.allclose(before.predict(place)[0], after.predict(place)[0], atol=1e-5)
    assert after.predict(running)[1] < 0.3 * before.predict(running)[1]


def test_what_is_remembered_is_what_would_be_learned_again() -> None:
    rows = points(15, 2, seed=7)
    memory = Remembering()
    targets = np.ascontiguousarray(rows[:, 0])
    first = memory(Data.of(rows, targets), NUMBERS)
    assert memory(Data.of(rows.copy(), targets.copy()), NUMBERS) is first
    again = learn(Data.of(rows, targets), NUMBERS)
    assert np.array_equal(again.length_scales, first.length_scales)


def test_what_is_known_to_be_noise_is_not_believed() -> None:
    """Two runs at one place disagree: the one that is known to be exact is followed."""
    rows = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    data = Data(rows, np.array([1.0, -1.0]), np.array([0.0, 4.0]))
    mean, _ = posterior_of(data, prior(NUMBERS)).predict(rows[:1])
    assert mean[0] > 0.9
    alike, _ = posterior_of(Data.of(rows, data.targets), prior(NUMBERS)).predict(rows[:1])
    assert alike[0] == pytest.approx(0.0, abs=1e-6)


def test_the_noise_that_is_learned_comes_on_top_of_what_is_known() -> None:
    rng = np.random.default_rng(5)
    rows = points(60, 2, seed=5)
    rows[:, -1] = 0.0
    targets = np.sin(6 * rows[:, 0]) + rng.normal(0, 0.5, 60)
    unknown = learn(Data.of(rows, targets), NUMBERS)
    known = learn(Data(rows, targets, np.full(60, 0.25)), NUMBERS)
    assert unknown.noise > 0.15
    assert known.noise < 0.3 * unknown.noise
