"""Other optimizers, asked as they are meant to be."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.optimizer.simulation import Report, Result, Run, simulate
from benchmarks.optimizer.skopt_peer import Skopt
from benchmarks.optimizer.synthetic import conditional, constrained, failing, hartmann6
from benchmarks.optimizer.tasks import Task, scale_of
from podium.parameters import names_on


def searched(task: Task, *, workers: int = 1, budget: float = 11, seed: int = 0) -> list[Result]:
    return simulate(task, Skopt(task, seed), workers=workers, budget=budget, seed=seed)


@pytest.mark.parametrize("make_task", [hartmann6, failing, conditional, constrained])
def test_scikit_optimize_asks_for_full_trainings_that_the_space_holds(make_task: Callable[[], Task]) -> None:
    task = make_task()
    for result in searched(task):
        configuration = result.run.configuration
        assert result.run.epochs == task.ladder.full_epochs
        assert configuration.keys() == names_on(configuration, task.parameters)
        assert all(task.parameters[name].contains(value) for name, value in configuration.items())
        assert all(constraint.allows(configuration) for constraint in task.constraints)


@pytest.mark.parametrize(("workers", "budget"), [(1, 11), (4, 8)])
def test_two_searches_of_scikit_optimize_with_one_seed_are_the_same(workers: int, budget: int) -> None:
    first, again = ([each.run for each in searched(hartmann6(), workers=workers, budget=budget)] for _ in range(2))
    assert first == again
    assert first != [each.run for each in searched(hartmann6(), workers=workers, budget=budget, seed=1)]


def test_scikit_optimize_asks_for_different_runs_while_none_has_ended() -> None:
    searcher = Skopt(hartmann6(), 0)
    for _ in range(10):
        run = searcher.ask()
        searcher.tell(run, Report(loss=hartmann6().loss(run.configuration, run.epochs)))
    asked = [tuple(searcher.ask().configuration.values()) for _ in range(4)]
    assert len(set(asked)) == 4


def test_scikit_optimize_is_told_of_a_failure_as_of_the_worst_that_it_saw() -> None:
    told: list[float] = []

    class Listening(Skopt):
        def tell(self, run: Run, report: Report | None) -> None:
            super().tell(run, report)
            told[:] = self._optimizer.yi

    results = simulate(failing(), Listening(failing(), 1), workers=1, budget=9, seed=1)
    first = next(place for place, each in enumerate(results) if each.loss is not None)
    worst, expected = -np.inf, []
    for result in results[first:]:
        worst = max(worst, worst if result.loss is None else result.loss)
        expected.append(worst if result.loss is None else result.loss)
    assert None in [each.loss for each in results[first:]]
    assert told == expected


def test_scikit_optimize_learns() -> None:
    task, budget = hartmann6(), 18
    scale = scale_of(task)
    losses = [result.true_loss for result in searched(task, budget=budget)]
    assert scale.regret(min(losses[10:])) < scale.regret(min(losses[:10]))
