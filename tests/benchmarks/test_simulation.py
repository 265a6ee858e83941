"""The simulated workers of the optimizer's benchmark."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.optimizer.searchers import Asha, EarlyStopping, Podium, RandomSearch, podium_full
from benchmarks.optimizer.simulation import MakeSearcher, Report, Result, Run, simulate
from benchmarks.optimizer.synthetic import (
    conditional,
    constrained,
    failing,
    noisy,
    outliers,
    starting_over,
    two_fidelities,
    wide,
)
from benchmarks.optimizer.tasks import Task, rungs, scale_of
from controller.experiment import Ladder
from podium.parameters import RealParameter


class Scripted:
    """Asks for given (trial, epochs), and remembers what it was told."""

    def __init__(self, *asks: tuple[int, int]) -> None:
        self._asks = iter(asks)
        self.told: list[tuple[int, int]] = []

    def ask(self) -> Run | None:
        asked = next(self._asks, None)
        return None if asked is None else Run(trial=asked[0], configuration={"x": float(asked[0])}, epochs=asked[1])

    def tell(self, run: Run, report: Report | None) -> None:
        self.told.append((run.trial, run.epochs))


def line(*, resumable: bool = True) -> Task:
    """Return a task whose loss is its only parameter."""
    return Task(
        name="line",
        parameters={"x": RealParameter(type="real", low=0.0, high=9.0)},
        ladder=Ladder(rungs(9).rungs, resumable=resumable),
        losses=lambda configurations, _epochs: np.array([float(each["x"]) for each in configurations]),
    )


def test_a_promotion_costs_the_epochs_that_are_added() -> None:
    results = simulate(line(), Scripted((1, 3), (1, 9)), workers=1, budget=9, seed=0)
    assert [result.paid for result in results] == pytest.approx([3 / 9, 1.0])


def test_a_promotion_that_starts_over_costs_all_of_its_epochs() -> None:
    results = simulate(line(resumable=False), Scripted((1, 3), (1, 9)), workers=1, budget=9, seed=0)
    assert [result.paid for result in results] == pytest.approx([3 / 9, 3 / 9 + 1.0])


def test_with_all_runs_ended_their_costs_were_paid_whoever_was_first() -> None:
    asks = [(trial, 9 if trial % 2 else 3) for trial in range(7)]
    results = simulate(line(), Scripted(*asks), workers=3, budget=99, seed=0)
    assert len(results) == 7
    assert results[-1].paid == pytest.approx(sum(epochs / 9 for _, epochs in asks))


def test_the_part_of_a_run_in_flight_is_paid_for() -> None:
    first, second = simulate(line(), Scripted((1, 1), (2, 9)), workers=2, budget=9, seed=0)
    assert first.run.trial == 1
    assert 1 / 9 < first.paid < 3 / 9  # its own epoch, and about one of the other's
    assert second.paid == pytest.approx(10 / 9)


def test_what_ends_after_the_budget_tells_nothing() -> None:
    searcher = Scripted((1, 9), (2, 9), (3, 9))
    results = simulate(line(), searcher, workers=1, budget=2.5, seed=0)
    assert [result.run.trial for result in results] == [1, 2]
    assert searcher.told == [(1, 9), (2, 9)]


def test_runs_of_one_length_take_different_times() -> None:
    order = [r.run.trial for r in simulate(line(), Scripted(*((t, 9) for t in range(9))), workers=9, budget=99, seed=0)]
    assert order != sorted(order)


def test_a_run_that_is_no_promotion_is_refused() -> None:
    with pytest.raises(ValueError, match="trial 1 has trained 9 epochs"):
        simulate(line(), Scripted((1, 9), (1, 3)), workers=1, budget=9, seed=0)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("searcher", [Podium, RandomSearch, Asha])
@pytest.mark.parametrize("task", [noisy, failing])
def test_two_searches_with_one_seed_are_the_same(
    task: Callable[[], Task], searcher: MakeSearcher, workers: int
) -> None:
    first, again = (_searched(task(), searcher, workers=workers, seed=3) for _ in range(2))
    assert _without_nan(first) == _without_nan(again)
    assert _without_nan(first) != _without_nan(_searched(task(), searcher, workers=workers, seed=4))


def test_a_trial_meets_the_same_noise_whoever_searches() -> None:
    alone = simulate(noisy(), RandomSearch(noisy(), 5), workers=1, budget=4, seed=5)
    together = simulate(noisy(), RandomSearch(noisy(), 5), workers=4, budget=4, seed=5)
    told = {result.run.trial: result.loss for result in alone}
    assert {r.run.trial: r.loss for r in together}.items() <= told.items()


def test_asha_promotes_one_of_the_best_third_and_never_a_failure() -> None:
    results = simulate(failing(), Asha(failing(), 0), workers=1, budget=6, seed=0)
    failed = {result.run.trial for result in results if result.loss is None and result.run.epochs == 1}
    losses: list[float] = []
    for result in results:
        if result.run.epochs == 1:
            losses.append(np.inf if result.loss is None else result.loss)
        elif result.run.epochs == 3:
            loss = next(r.loss for r in results if r.run.trial == result.run.trial)
            assert loss is not None
            assert sum(other < loss for other in losses) < len(losses) / 3
    assert failed
    assert not failed & {result.run.trial for result in results if result.run.epochs > 1}


def _searched(task: Task, searcher: MakeSearcher, *, workers: int, seed: int) -> list[Result]:
    return simulate(task, searcher(task, seed, workers), workers=workers, budget=6, seed=seed)


def _without_nan(results: list[Result]) -> list[tuple[Run, float, float | None]]:
    return [(result.run, result.paid, result.loss) for result in results]


class Impatient(Scripted):
    """Stops its second trial at the first report after half of its epochs."""

    def __init__(self, *asks: tuple[int, int]) -> None:
        super().__init__(*asks)
        self.seen: list[tuple[int, int]] = []

    def watch(self, run: Run, epochs: int, loss: float) -> bool:
        assert loss == run.configuration["x"]
        self.seen.append((run.trial, epochs))
        return run.trial != 2 or epochs < run.epochs / 2


def test_a_watcher_hears_of_each_epoch_and_pays_for_what_it_let_train() -> None:
    searcher = Impatient((1, 9), (2, 9))
    results = simulate(line(), searcher, workers=1, budget=9, seed=0)
    assert searcher.seen == [*((1, epochs) for epochs in range(1, 9)), *((2, epochs) for epochs in range(1, 6))]
    assert searcher.told == [(1, 9), (2, 5)]
    assert [result.paid for result in results] == pytest.approx([1.0, 1.0 + 5 / 9])


def test_watching_alone_changes_no_price_and_no_order() -> None:
    asks = [(trial, 9 if trial % 2 else 3) for trial in range(1, 8) if trial != 2]
    plain = simulate(line(), Scripted(*asks), workers=3, budget=99, seed=0)
    watched = simulate(line(), Impatient(*asks), workers=3, budget=99, seed=0)
    assert [result.run for result in watched] == [result.run for result in plain]
    assert [result.paid for result in watched] == pytest.approx([result.paid for result in plain])


def test_an_epoch_of_less_data_costs_less_and_more_data_starts_over() -> None:
    full = two_fidelities().ladder
    task = replace(line(), ladder=full)
    results = simulate(task, Scripted((1, 3), (1, 27)), workers=1, budget=9, seed=0)
    assert [result.paid for result in results] == pytest.approx([3 / 27 * 4 / 13, 3 / 27 * 4 / 13 + 1.0])


HARTMANN_TASKS = [two_fidelities(), starting_over(), outliers(), wide(), constrained()]


@pytest.mark.parametrize("task", HARTMANN_TASKS, ids=lambda task: str(task.name))
def test_hartmanns_best_is_found_whatever_makes_it_hard(task: Task) -> None:
    scale = scale_of(task)
    assert scale.best == pytest.approx(-3.32237, abs=0.1 if task.name == "wide" else 1e-3)
    assert scale.best < scale.median


def test_the_best_of_a_conditional_space_belongs_to_the_steepest() -> None:
    assert scale_of(conditional()).best == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("searcher", [Podium, RandomSearch, Asha])
def test_constraints_are_kept(searcher: MakeSearcher) -> None:
    results = simulate(constrained(), searcher(constrained(), 0, 1), workers=1, budget=4, seed=0)
    assert all(1.4 <= sum(map(float, result.run.configuration.values())) <= 2.2 for result in results)


def test_one_observation_in_twenty_is_far_off() -> None:
    results = simulate(outliers(), RandomSearch(outliers(), 0), workers=1, budget=300, seed=0)
    off = [result.loss is not None and result.loss - result.true_loss > 40 for result in results]
    assert 0.02 < np.mean(off) < 0.09


def test_giving_runs_up_leaves_cost_for_others() -> None:
    task = two_fidelities()
    stopped = simulate(task, EarlyStopping(task, 0, 1), workers=1, budget=16, seed=0)
    full = simulate(task, podium_full(task, 0, 1), workers=1, budget=16, seed=0)
    assert len(stopped) > len(full) == 16
    assert any(result.run.epochs < task.ladder.full_epochs for result in stopped)
