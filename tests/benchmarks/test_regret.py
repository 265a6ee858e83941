"""From the results of simulated searches to the benchmark's figures."""

import math

import numpy as np
import pytest

from benchmarks.optimizer.regret import Point, Regrets, append_points, read_points, regrets
from benchmarks.optimizer.simulation import Result, Run
from benchmarks.optimizer.synthetic import branin, failing, hartmann6, misleading
from benchmarks.optimizer.tasks import Scale, scale_of
from controller.space import Space

SCALE = Scale(best=1.0, median=3.0)


def ended(*, paid: float, epochs: int, loss: float | None, true_loss: float) -> Result:
    return Result(run=Run(trial=1, configuration={}, epochs=epochs), paid=paid, loss=loss, true_loss=true_loss)


def test_only_full_trainings_count_and_the_true_loss_of_the_best_seen_is_told() -> None:
    results = [
        ended(paid=0.5, epochs=1, loss=1.0, true_loss=1.0),
        ended(paid=1.5, epochs=9, loss=2.0, true_loss=2.2),
        ended(paid=2.5, epochs=9, loss=2.1, true_loss=1.0),  # better, but it did not look so
        ended(paid=3.5, epochs=9, loss=None, true_loss=math.nan),
        ended(paid=4.5, epochs=9, loss=0.9, true_loss=0.8),
    ]
    assert regrets(results, SCALE, 9, [1, 2, 3, 4, 5]) == pytest.approx([1.0, 0.6, 0.6, 0.6, 0.0])


def test_the_mean_is_over_the_seeds_that_all_have_finished() -> None:
    points = [
        Point(searcher=name, task="t", workers=1, seed=seed, paid=5, regret=regret)
        for name, seed, regret in [("a", 0, 0.2), ("a", 1, 0.4), ("a", 2, 0.9), ("b", 0, 0.4), ("b", 1, 0.8)]
    ]
    found = Regrets(points, workers=1)
    estimate = found.estimate("a", 5)
    assert estimate.mean == pytest.approx(0.3)
    assert 0.2 <= estimate.low <= estimate.mean <= estimate.high <= 0.4
    ratio = found.ratio("a", "b", 5)
    assert (ratio.mean, ratio.low, ratio.high) == pytest.approx((0.5, 0.5, 0.5))  # paired: it is half for each seed
    assert (found.rank("a", 5), found.rank("b", 5)) == (1.0, 2.0)
    assert found.reached("b", 0.3) is None


def test_points_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("points") / "new" / "points.csv"
    points = [Point(searcher="a", task="t", workers=20, seed=1, paid=paid, regret=0.1 + 0.2 / paid) for paid in (1, 3)]
    append_points(path, points[:1])
    append_points(path, points[1:])
    assert read_points(path) == points


def test_the_best_known_of_a_formula_is_its_published_minimum() -> None:
    assert scale_of(branin()).best == pytest.approx(0.397887, abs=1e-4)
    assert scale_of(hartmann6()).best == pytest.approx(-3.32237, abs=1e-3)


def test_misleading_short_runs_say_nothing_about_full_ones() -> None:
    task = misleading()
    space = Space(task.parameters)
    configurations = space.decode(np.random.default_rng(0).random((2000, space.dimensions)))
    full = task.losses(configurations, 27).argsort().argsort()
    for epochs in (1, 3, 9):
        short = task.losses(configurations, epochs).argsort().argsort()
        assert abs(np.corrcoef(short, full)[0, 1]) < 0.3


def test_about_a_third_of_random_configurations_fails() -> None:
    task = failing()
    space = Space(task.parameters)
    losses = task.losses(space.decode(np.random.default_rng(0).random((2000, space.dimensions))), 27)
    assert 0.25 < np.isnan(losses).mean() < 0.45
