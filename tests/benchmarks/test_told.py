"""The tasks that tell more than losses: what they say is so, and Podium is told of it."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.optimizer.believed import BEST_PLACE, hint, overlapping, warm_start, wrong_hint, wrong_warm_start
from benchmarks.optimizer.front import Front
from benchmarks.optimizer.regret import front_regrets
from benchmarks.optimizer.reported import currin, repeats, thresholds, two_objectives
from benchmarks.optimizer.searchers import Podium, RandomSearch, Untold
from benchmarks.optimizer.simulation import Report, Result, Run, simulate
from benchmarks.optimizer.synthetic import SIDES, hartmann6
from benchmarks.optimizer.tasks import Task, scale_of
from podium.parameters import Configuration

FULL_EPOCHS = 27


def at(place: np.ndarray) -> Configuration:
    return {side: float(value) for side, value in zip(SIDES, place, strict=True)}


def test_what_breaks_a_threshold_is_neither_the_best_nor_the_median() -> None:
    task, free = thresholds(), scale_of(hartmann6())
    assert not task.allows(task.metrics_of(at(BEST_PLACE), FULL_EPOCHS))
    found = scale_of(task)
    assert free.best + 0.02 < found.best < found.median < free.median


def test_one_configuration_in_23_keeps_to_the_threshold_and_short_runs_report_more() -> None:
    task = thresholds()
    configurations = task.space.decode(np.random.default_rng(0).random((4000, 6)))
    full, short = (task.metrics(configurations, epochs)["distance"] for epochs in (FULL_EPOCHS, 1))
    assert np.mean(full <= 0.9) == pytest.approx(1 / 23, abs=0.01)
    assert (short > full).all()


def test_a_search_that_knows_its_threshold_keeps_to_it_more_often() -> None:
    task = thresholds()
    kept = {}
    for searcher in (Podium, Untold):
        results = simulate(task, searcher(task, 0), workers=1, budget=12, seed=0)
        full = [task.allows(each.metrics) for each in results if each.run.epochs == FULL_EPOCHS]
        kept[searcher] = np.mean(full)
    assert kept[Podium] > kept[Untold]


@pytest.mark.parametrize(
    ("points", "area"),
    [
        ([], 0.0),
        ([(1.0, 1.0)], 4.0),
        ([(3.0, 0.0), (0.0, 3.0)], 0.0),  # on the edge of what counts
        ([(2.0, 0.0), (0.0, 2.0)], 3.0 + 3.0 - 1.0),
        ([(2.0, 0.0), (0.0, 2.0), (2.0, 2.0), (9.0, -9.0)], 5.0),  # dominated, and beyond the reference
    ],
)
def test_a_point_dominates_the_area_between_it_and_the_reference(
    points: list[tuple[float, float]], area: float
) -> None:
    front = Front(metric="m", reference=(3.0, 3.0), hypervolume=9.0)
    assert front.dominated(points) == pytest.approx(area)


def test_the_regret_of_a_front_is_what_full_trainings_have_not_reached() -> None:
    front = Front(metric="m", reference=(3.0, 3.0), hypervolume=9.0)
    results = [
        Result(
            run=Run(trial=1, configuration={}, epochs=epochs),
            paid=paid,
            loss=loss,
            true_loss=loss or np.nan,
            metrics={"m": metric},
        )
        for paid, epochs, loss, metric in [
            (0.5, 1, 0.0, 0.0),
            (1.5, 9, 2.0, 0.0),
            (2.5, 9, 1.0, 1.0),
            (3.5, 9, None, 0.0),
        ]
    ]
    assert front_regrets(results, front, 9, [1, 2, 3, 4]) == pytest.approx([1.0, 1 - 3 / 9, 1 - 5 / 9, 1 - 5 / 9])


def test_the_best_known_front_is_hardly_reached_by_a_fine_grid_and_not_passed() -> None:
    task = two_objectives()
    assert task.front is not None
    sides = np.linspace(-5.0, 10.0, 300)
    grid: list[Configuration] = [{"x": float(x), "y": float(y + 5)} for x in sides for y in sides]
    losses, others = task.losses(grid, FULL_EPOCHS), task.metrics(grid, FULL_EPOCHS)["currin"]
    reached = task.front.dominated(zip(losses.tolist(), others.tolist(), strict=True))
    assert 0.98 * task.front.hypervolume < reached <= task.front.hypervolume


def test_currins_function_is_as_published() -> None:
    edges = currin(np.array([0.2167, 1.0]), np.array([0.0228, 1.0]))
    assert edges == pytest.approx([13.798, (1 - np.exp(-0.5)) * 6352 / 624], abs=1e-2)  # its maximum; a corner


def test_half_of_the_results_are_means_of_ten_and_all_are_as_far_off_as_they_say() -> None:
    heard: list[tuple[Run, Report]] = []

    class Listening(RandomSearch):
        def tell(self, run: Run, report: Report | None) -> None:
            assert report is not None
            heard.append((run, report))

    task = repeats()
    results = simulate(task, Listening(task, 0), workers=1, budget=400, seed=0)
    off = np.array([each.loss for _, each in heard]) - np.array([each.true_loss for each in results])
    stderr = np.array([each.stderr for _, each in heard])
    assert np.unique(stderr) == pytest.approx([0.9 / 10**0.5, 0.9])
    assert 0.4 < np.mean(stderr > 0.5) < 0.6
    for level in np.unique(stderr):
        assert np.std(off[stderr == level] / level) == pytest.approx(1.0, abs=0.15)


def test_a_good_hint_is_near_the_best_and_a_wrong_one_far_from_it() -> None:
    scale = scale_of(hartmann6())
    for task, low, high in [(hint(), 0.0, 0.2), (wrong_hint(), 0.9, 1.1)]:
        hints = [parameter.hint for parameter in task.parameters.values()]
        place = np.array([each.value for each in hints if each is not None], dtype=float)
        assert low < scale.regret(task.loss(at(place), FULL_EPOCHS)) < high


@pytest.mark.parametrize(
    ("make_task", "low", "high"), [(warm_start, 0.0, 0.7), (overlapping, 0.0, 0.7), (wrong_warm_start, 0.7, 1.1)]
)
def test_what_an_earlier_search_found_is_good_here_or_bad_as_the_task_says(
    make_task: Callable[[], Task], low: float, high: float
) -> None:
    task, scale = make_task(), scale_of(hartmann6())
    assert len(task.guesses) == 5
    for guess in task.guesses:
        assert guess.keys() == set(SIDES)
        assert all(task.parameters[name].contains(value) for name, value in guess.items())
        assert low < scale.regret(task.loss(guess, FULL_EPOCHS)) < high


def test_what_the_earlier_search_lacked_stands_in_the_middle() -> None:
    assert {guess["x5"] for guess in overlapping().guesses} == {0.5}
    assert all(float(guess["x0"]) <= 0.5 for guess in overlapping().guesses)


def test_guesses_are_tried_first() -> None:
    task = warm_start()
    results = simulate(task, Podium(task, 0), workers=1, budget=1, seed=0)
    assert [each.run.configuration for each in results[:5]] == list(task.guesses)


@pytest.mark.parametrize("make_task", [hint, warm_start])
def test_whoever_is_told_nothing_searches_as_if_there_were_nothing_to_tell(make_task: Callable[[], Task]) -> None:
    assert _runs(make_task(), Untold) == _runs(hartmann6(), Podium)
    assert _runs(make_task(), Untold) != _runs(make_task(), Podium)


def test_whoever_is_told_no_standard_error_searches_as_if_results_had_none() -> None:
    class Deaf(Podium):
        def tell(self, run: Run, report: Report | None) -> None:
            super().tell(run, None if report is None else Report(loss=report.loss))

    assert _runs(repeats(), Untold) == _runs(repeats(), Deaf)
    assert _runs(repeats(), Untold) != _runs(repeats(), Podium)


def _runs(task: Task, searcher: type[Podium]) -> list[Run]:
    return [each.run for each in simulate(task, searcher(task, 1), workers=1, budget=5, seed=1)]
