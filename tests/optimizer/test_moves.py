"""Which moves are open, what they cost, and where the start spends."""

import math
from dataclasses import replace

import pytest

from controller.experiment import History, InFlight, Ladder, Observation, Rung
from controller.optimizer.moves import leaders, open_moves, paused_trials
from controller.optimizer.spreading import is_spreading, spent_by_rung, starved_first

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
    (move,) = open_moves(paused, History(), LADDER)
    assert (move.from_epochs, move.to_epochs, move.climb.levels, move.climb.costs) == (3, 4, (1, 2), (1 / 8, 4 / 8))


@pytest.mark.parametrize(("cost", "runs", "lengths"), [
    (1.0, 3, [1]),           # the next rung: pausing on the way costs nothing
    (1.0, math.inf, [1]),
    (1.0, 2, [1, 4, 8]),     # two runs: not every rung can be paid
    (1.0, 1, [8]),           # one run: it must reach full at once
    (1.0, 0, []),
    (0.99, 9, []),           # the shortest would be affordable, and could never become an incumbent
    (1.0 - 1e-12, 9, [1]),
])  # fmt: skip
def test_a_new_trial_is_open_only_if_it_could_reach_full(cost: float, runs: float, lengths: list[int]) -> None:
    moves = open_moves(None, History(remaining_cost=cost, remaining_runs=runs), LADDER)
    assert [move.to_epochs for move in moves] == lengths
    assert all(move.climb.levels[-1] == 2 for move in moves)
    assert sum(moves[0].climb.costs if moves else [1.0]) == pytest.approx(1.0)


def test_a_trial_that_starts_over_may_jump_and_pays_everything_again() -> None:
    again = replace(LADDER, resumable=False)
    moves = open_moves(None, History(), again)
    assert [(move.climb.levels, move.climb.costs) for move in moves] == [
        ((0, 1, 2), (1 / 8, 4 / 8, 1.0)),
        ((0, 2), (1 / 8, 1.0)),
        ((1, 2), (4 / 8, 1.0)),
        ((2,), (1.0,)),
    ]


def test_a_trial_that_starts_over_must_be_able_to_pay_every_start() -> None:
    moves = open_moves(None, History(remaining_cost=1.2), replace(LADDER, resumable=False))
    assert [move.climb.levels for move in moves] == [(0, 2), (2,)]


def test_of_many_rungs_the_next_three_are_thought_about_and_all_may_be_paused_at() -> None:
    ladder = Ladder(tuple(Rung(name=f"r{epochs}", epochs=epochs) for epochs in (1, 2, 4, 8, 16, 32)))
    (move,) = open_moves(None, History(), ladder)
    assert move.climb.levels == (0, 1, 2, 5)
    assert sum(move.climb.costs) == pytest.approx(1.0)


def test_what_was_spent_counts_each_epoch_once() -> None:
    history = History(observations=(seen(1, 1), seen(2, 1), seen(1, 4), seen(3, 2)), in_flight=(flying(2, 1, 8),))
    assert spent_by_rung(history, LADDER) == {1: 2 / 8, 4: 3 / 8 + 2 / 8, 8: 7 / 8}


def test_the_rung_on_which_least_was_spent_comes_first() -> None:
    names = [rung.name for rung in starved_first({1: 0.30, 4: 0.25, 8: 0.0}, LADDER)]
    assert names == ["full", "medium", "small"]


def test_the_start_takes_more_when_more_is_in_flight() -> None:
    alone, crowd = History(), History(in_flight=tuple(flying(trial, 0, 1) for trial in range(20)))
    assert is_spreading({1: 10.9}, alone)
    assert not is_spreading({1: 11.0}, alone)
    assert is_spreading({1: 30.9}, crowd)
