"""Which moves are open, and what they are worth."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from controller.experiment import History, InFlight, Ladder, Observation, Rung
from controller.promotion import (
    Move,
    break_even_price,
    expected_improvement,
    leaders,
    log_expected_improvement,
    open_moves,
    paused_trials,
    spent_by_rung,
    starved_first,
)

LADDER = Ladder((Rung(name="small", epochs=1), Rung(name="medium", epochs=4), Rung(name="full", epochs=8)))


def seen(trial: int, epochs: int, value: float | None = 0.5) -> Observation:
    return Observation(trial=trial, configuration={"p": trial}, epochs=epochs, value=value)


def flying(trial: int, from_epochs: int, to_epochs: int) -> InFlight:
    return InFlight(trial=trial, configuration={"p": trial}, from_epochs=from_epochs, to_epochs=to_epochs)


def test_only_trials_that_stand_still_below_full_and_never_failed_are_paused() -> None:
    history = History(
        observations=(
            *(seen(trial, 1) for trial in (1, 3, 5, 6)),
            *(seen(1, 4), seen(2, 8), seen(4, 1, None), seen(6, 4, None)),
        ),
        in_flight=(flying(3, 1, 4),),
        retired=frozenset({5}),
    )
    assert [(trial.trial, trial.epochs) for trial in paused_trials(history, LADDER)] == [(1, 4)]


def test_of_too_many_paused_trials_the_best_of_each_length_are_judged() -> None:
    history = History(observations=tuple(seen(n, 1 + 3 * (n % 2), n / 10) for n in range(10)))
    paused = paused_trials(history, LADDER)
    assert [trial.trial for trial in leaders(paused, 4, maximize=True)] == [6, 7, 8, 9]
    assert [trial.trial for trial in leaders(paused, 3, maximize=False)] == [0, 1, 3]  # the longer wins a tie
    assert leaders(paused, 10, maximize=True) == paused


def test_a_stopped_trial_between_rungs_continues_from_where_it_stands() -> None:
    (paused,) = paused_trials(History(observations=(seen(1, 3),)), LADDER)
    assert [(m.from_epochs, m.to_epochs, m.cost, m.remaining) for m in open_moves(paused, History(), LADDER)] == [
        (3, 4, 1 / 8, 4 / 8),
        (3, 8, 5 / 8, 0.0),
    ]


@pytest.mark.parametrize(("cost", "runs", "lengths"), [
    (1.0, 2, [1, 4, 8]),
    (1.0, math.inf, [1, 4, 8]),
    (1.0, 1, [8]),           # one run: it must reach full at once
    (1.0, 0, []),
    (0.99, 9, []),           # the shortest would be affordable, and could never become an incumbent
    (1.0 - 1e-12, 9, [1, 4, 8]),
])  # fmt: skip
def test_a_new_trial_is_open_only_if_it_could_reach_full(cost: float, runs: float, lengths: list[int]) -> None:
    moves = open_moves(None, History(remaining_cost=cost, remaining_runs=runs), LADDER)
    assert [move.to_epochs for move in moves] == lengths


def test_what_was_spent_counts_each_epoch_once() -> None:
    history = History(observations=(seen(1, 1), seen(2, 1), seen(1, 4), seen(3, 2)), in_flight=(flying(2, 1, 8),))
    assert spent_by_rung(history, LADDER) == {1: 2 / 8, 4: 3 / 8 + 2 / 8, 8: 7 / 8}


def test_the_rung_furthest_below_its_share_comes_first() -> None:
    names = [rung.name for rung in starved_first({1: 0.30, 4: 0.25, 8: 0.0}, LADDER)]
    assert names == ["full", "medium", "small"]


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


def price(*, explained: float, cost: float, mean: float = 0.0) -> float:
    move = Move(trial=None, from_epochs=0, to_epochs=1, cost=cost, remaining=1 - cost)
    prices = break_even_price(np.array([mean]), np.array([1.0]), np.array([explained]), best=0.0, moves=[move])
    return float(prices[0])


def test_a_full_run_is_priced_at_its_improvement_per_cost() -> None:
    assert price(explained=0.99, cost=1.0) == pytest.approx(norm.pdf(0))


def test_at_the_break_even_price_a_look_gains_what_it_costs() -> None:
    found = price(explained=0.8, cost=0.1)
    means = norm.ppf((np.arange(200_000) + 0.5) / 200_000) * math.sqrt(0.8)
    gain = np.maximum(expected_improvement(means, np.full_like(means, 0.2), 0.0) - found * 0.9, 0).mean()
    assert gain == pytest.approx(found * 0.1, rel=0.05)  # nine nodes of a function with a kink


def test_an_informative_look_beats_a_full_run_and_a_blind_one_does_not() -> None:
    assert price(explained=0.9, cost=0.1, mean=1.0) > 1.5 * price(explained=0.9, cost=1.0, mean=1.0)
    assert price(explained=0.0, cost=0.1, mean=1.0) <= price(explained=0.9, cost=1.0, mean=1.0) * 1.001
