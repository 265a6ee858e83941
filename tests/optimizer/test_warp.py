"""From losses to targets and back."""

import math

import numpy as np
import pytest

from controller.optimizer.warp import warp_of


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
    values = [warp.undo(target) for target in np.linspace(-500, 500, 201)]
    assert all(math.isfinite(value) for value in values)
    assert (np.diff(values) >= 0).all()


def test_an_outlier_has_little_leverage() -> None:
    losses = np.linspace(0.0, 1.0, 21)
    spread = np.ptp(warp_of(losses).apply(losses))
    with_outlier = np.append(losses, 1e6)
    assert np.ptp(warp_of(with_outlier).apply(losses)) > 0.15 * spread  # standardized alone: 0.000005


def test_a_tiny_spread_and_a_huge_loss_stay_finite() -> None:
    losses = np.append(np.arange(5) * 1e-300, 1e50)
    assert np.isfinite(warp_of(losses).apply(losses)).all()
