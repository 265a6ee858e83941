"""The model: its covariance, its warp, what it learns, what it believes of runs in flight."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from controller.surrogate import FidelityKernel, learn, posterior_of, prior
from controller.warp import warp_of

Floats = NDArray[np.float64]
NUMBERS = (False, False)


def kernel(is_categorical: tuple[bool, ...] = (False, True, False)) -> FidelityKernel:
    scales = np.array([0.5, 1.0, 2.0])[: len(is_categorical)]
    return FidelityKernel(scales, variance=1.5, fidelity_scale=1.7, is_categorical=is_categorical)


def points(count: int, dimensions: int, *, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.random((count, dimensions)), np.log(rng.choice([1 / 9, 1 / 3, 1.0], count))])


def test_the_gradient_is_that_of_the_covariance() -> None:
    rows = points(7, 3, seed=0)
    rows[:3, 1] = 0.25
    covariance, gradient = kernel()(rows, eval_gradient=True)
    for index in range(5):
        theta = kernel().theta.copy()
        theta[index] += 1e-6
        numeric = (kernel().clone_with_theta(theta)(rows) - covariance) / 1e-6
        assert np.allclose(gradient[..., index], numeric, atol=1e-5)


def test_categories_differ_or_not_however_far_apart_their_bins_lie() -> None:
    here, near, far = np.array([[0.5, x, 0.5, 0.0] for x in (0.1, 0.3, 0.9)])[:, None]
    assert kernel()(here, near) == kernel()(here, far)
    assert kernel()(here, near) < kernel()(here, here)


def test_the_diagonal_and_the_covariance_to_full_agree_with_the_covariance() -> None:
    rows = points(6, 3, seed=1)
    full = rows.copy()
    full[:, -1] = 0.0
    assert np.allclose(np.diag(kernel()(rows)), kernel().diag(rows))
    assert np.allclose(np.diag(kernel()(full, rows)), kernel().to_full(rows[:, -1]))


@pytest.mark.parametrize("losses", [
    [3.0, 1.0, 2.0, 10.0, 1e6],
    [1.0, 1.0, 1.0, 1.0, 4.0],   # most share the best value
    [5.0, 5.0, 5.0],             # a constant
    [0.25],
    [-1e300, 0.0, 1e300, 1e308], # runs that diverged, yet reported a number
])  # fmt: skip
def test_the_warp_keeps_the_order_and_is_undone(losses: list[float]) -> None:
    warp = warp_of(np.array(losses))
    targets = warp.apply(np.array(losses))
    assert np.isfinite(targets).all()
    order = np.argsort(losses, kind="stable")
    assert (np.diff(targets[order]) >= 0).all()
    for loss, target in zip(losses, targets, strict=True):
        assert warp.undo(float(target)) == pytest.approx(max(min(loss, 1e100), -1e100), rel=1e-6, abs=1e-9)


def test_undoing_rises_even_where_nothing_was_seen() -> None:
    warp = warp_of(np.array([3.0, 1.0, 2.0, 10.0]))
    values = [warp.undo(target) for target in np.linspace(-50, 50, 201)]
    assert all(math.isfinite(value) for value in values)
    assert (np.diff(values) >= 0).all()


def test_a_parameter_without_effect_gets_the_longest_scale() -> None:
    rows = points(60, 3, seed=2)
    targets = np.sin(6 * rows[:, 0]) + 2 * (rows[:, 1] - 0.5) ** 2
    learned, noise = learn(rows, (targets - targets.mean()) / targets.std(), (False, False, False))
    assert learned.length_scale[2] > 5 * learned.length_scale[:2].max()
    assert noise < 0.01


@pytest.mark.parametrize(("is_shared", "least", "most"), [(True, 0.9, 1.0), (False, 0.0, 0.2)])
def test_it_learns_how_far_short_runs_may_be_trusted(is_shared: bool, least: float, most: float) -> None:
    rng = np.random.default_rng(3)
    places = np.tile(rng.random((40, 2)), (2, 1))
    rows = np.column_stack([places, np.repeat([math.log(1 / 9), 0.0], 40)])
    shape = np.sin(5 * places[:, 0]) + np.cos(4 * places[:, 1])
    targets = np.where(rows[:, -1] < 0, shape if is_shared else np.sin(9 * places[:, 1] * places[:, 0] + 2), shape)
    learned, _ = learn(rows, (targets - targets.mean()) / targets.std(), NUMBERS)
    trust = math.exp(-0.5 * (math.log(9) / learned.fidelity_scale) ** 2)
    assert least <= trust <= most


def test_a_look_at_full_fidelity_explains_nearly_all_and_a_shorter_one_less() -> None:
    learned, noise = prior(NUMBERS)
    seen = posterior_of(points(1, 2, seed=4), np.zeros(1), kernel=learned, noise=noise)
    _, variance, explained = seen.look(np.array([[0.9, 0.9, math.log(share)] for share in (1.0, 1 / 3, 1 / 27)]))
    assert explained[0] > explained[1] > explained[2] > 0
    assert explained[0] == pytest.approx(variance[0] / (variance[0] + noise), rel=1e-3)


def test_believing_a_run_in_flight_moves_no_mean_and_leaves_less_to_learn_there() -> None:
    rows = points(12, 2, seed=5)
    learned, noise = prior(NUMBERS)
    before = posterior_of(rows, np.sin(rows[:, 0] * 6), kernel=learned, noise=noise)
    running = np.array([[0.3, 0.3, 0.0]])
    after = before.believing(running)
    for place in (running, points(20, 2, seed=6)):
        assert np.allclose(before.predict(place)[0], after.predict(place)[0], atol=1e-6)
    assert after.predict(running)[1] < 0.3 * before.predict(running)[1]


def test_learning_twice_is_learning_once() -> None:
    rows = points(15, 2, seed=7)
    first, _ = learn(rows, rows[:, 0], NUMBERS)
    again, _ = learn(rows.copy(), rows[:, 0].copy(), NUMBERS)
    assert np.array_equal(first.theta, again.theta)
