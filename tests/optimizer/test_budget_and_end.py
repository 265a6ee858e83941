"""When it ends: the budget is spent, or everything was tried."""

from dataclasses import replace

import pytest

from controller.experiment import History, Observation
from controller.optimizer.suggest import suggest
from podium.parameters import IntegerParameter, Parameter
from tests.optimizer.simulation import observed, problem, simulate, tiny


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("cost", [1.0, 2.5])
def test_the_budget_is_spent_to_the_last_run_that_could_count(cost: float, workers: int) -> None:
    outcome = simulate(problem(seed=6), suggest, cost=cost, workers=workers)
    full = [seen for seen in outcome.history.observations if seen.epochs == 27]
    assert -1e-9 <= outcome.history.remaining_cost < 1
    assert full
    assert suggest(problem(seed=6), outcome.history) is None


def test_runs_are_a_budget_too() -> None:
    asked = problem(seed=6)
    history = replace(observed(asked, 10), remaining_runs=1)
    last = suggest(asked, history)
    assert last is not None
    assert last.to_epochs == 27
    assert suggest(asked, replace(history, remaining_runs=0)) is None


@pytest.mark.parametrize("lengths", [(2,), (1, 4)])
def test_a_finite_space_ends_after_every_configuration_was_tried_once(lengths: tuple[int, ...]) -> None:
    outcome = simulate(tiny(lengths), suggest, objective=lambda configuration, share: share, cost=100, workers=2)
    new = [s.configuration for s in outcome.suggestions if s.trial is None]
    assert len(new) == 9
    assert len({(c["size"], type(c["flag"]), c["flag"]) for c in new}) == 9
    assert sum(seen.epochs == lengths[-1] for seen in outcome.history.observations) == 9


def test_a_finite_space_too_large_to_list_is_still_searched_to_its_last_corner() -> None:
    parameters: dict[str, Parameter] = {"p": IntegerParameter(type="integer", low=0, high=1999)}
    asked = replace(tiny((1,)), parameters=parameters)
    tried = tuple(
        Observation(trial=p + 1, configuration={"p": p}, epochs=1, value=1.0) for p in range(2000) if p != 777
    )
    suggestion = suggest(asked, History(observations=tried))
    assert suggestion is not None
    assert suggestion.configuration == {"p": 777}
