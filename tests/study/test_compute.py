"""What an arm used and saved: each sum by hand."""

from datetime import timedelta

import pytest

from controller.study.compute import compute_of, rungs_of, savings_of
from controller.study.facts import NOTHING_HELD, Held, RunFacts
from podium.taxonomy import EndReason, TrialState
from tests.study.arms import BORN, NOW, a_run, an_arm

PROMOTED = (
    a_run(1, to=1),
    a_run(2, to=1),
    a_run(3, to=1),
    a_run(1, to=2, from_epochs=1, is_promotion=True),
    a_run(1, to=4, from_epochs=2, is_promotion=True),
)
"""Three configurations of one epoch each, of which one goes on to two and to four: six epochs of four."""


def test_resuming_saves_what_lies_below() -> None:
    saved = savings_of(an_arm(runs=PROMOTED))
    assert saved is not None
    assert saved.spent == pytest.approx(6 / 4)
    assert saved.from_scratch == pytest.approx((1 + 1 + 1 + 2 + 4) / 4)
    assert saved.in_full == pytest.approx(3)
    assert saved.by_resuming == pytest.approx(1 - 6 / 9)
    assert saved.by_low_rungs == pytest.approx(1 - 9 / 12)
    assert saved.in_all == pytest.approx(1 - 6 / 12)
    assert (1 - saved.by_resuming) * (1 - saved.by_low_rungs) == pytest.approx(1 - saved.in_all)


def test_low_rungs_cost_where_everything_is_promoted() -> None:
    runs = (a_run(1, to=2), a_run(1, to=4, from_epochs=0, is_promotion=True))
    saved = savings_of(an_arm(runs=runs))
    assert saved is not None
    assert (saved.by_low_rungs, saved.by_resuming) == pytest.approx((-0.5, 0.0))


def test_a_configuration_that_cannot_be_trained_is_no_saving() -> None:
    """It would have failed as early in a full training."""
    failed = a_run(2, to=4, reached_epochs=1, end_reason=EndReason.INFEASIBLE)
    saved = savings_of(an_arm(runs=(a_run(1), failed)))
    assert saved is not None
    assert (saved.spent, saved.in_full, saved.in_all) == pytest.approx((1.25, 1.25, 0.0))


def test_a_run_that_was_stopped_early_saves_the_rest() -> None:
    stopped = a_run(2, to=4, reached_epochs=1, end_reason=EndReason.STOPPED)
    saved = savings_of(an_arm(runs=(a_run(1), stopped)))
    assert saved is not None
    assert (saved.spent, saved.from_scratch, saved.in_full) == pytest.approx((1.25, 1.25, 2))


def test_a_run_that_never_began_saves_nothing() -> None:
    """As one of those that waited for a node when the experiment was stopped."""
    begun = (a_run(1), a_run(2, to=1))
    waiting = a_run(3, to=4, reached_epochs=0, end_reason=EndReason.STOPPED)
    promoted = a_run(2, to=4, from_epochs=1, reached_epochs=1, end_reason=EndReason.STOPPED)
    assert savings_of(an_arm(runs=(*begun, waiting, promoted))) == savings_of(an_arm(runs=begun))


def test_epochs_of_rungs_that_see_less_cost_less() -> None:
    saved = savings_of(an_arm(runs=(a_run(1, to=2, epoch_cost=0.5), a_run(1, to=4))))
    assert saved is not None
    assert saved.spent == pytest.approx((2 * 0.5 + 4) / 4)


def test_runs_in_flight_are_neither_spent_nor_saved() -> None:
    in_flight = a_run(9, to=4, reached_epochs=2, end_reason=None)
    assert savings_of(an_arm(runs=(a_run(1), in_flight))) == savings_of(an_arm(runs=(a_run(1),)))


@pytest.mark.parametrize("runs", [(), (a_run(1, reached_epochs=0, end_reason=EndReason.BUG),)], ids=["none", "failed"])
def test_nothing_trained_has_saved_nothing(runs: tuple[RunFacts, ...]) -> None:
    arm = an_arm(runs=runs)
    assert savings_of(arm) is None
    assert compute_of(arm, NOW).hours_per_full_training is None


def test_what_was_held_is_summed() -> None:
    runs = (
        a_run(1, training_hours=0.5, held=Held(hours=1.0, accelerator_hours=2.0, money=3.0)),
        a_run(2, training_hours=0.25, held=Held(hours=0.5, unpriced_hours=0.5)),
    )
    used = compute_of(an_arm(runs=runs, ended_at=BORN + timedelta(hours=0.5)), NOW)
    assert (used.hours, used.training_hours, used.accelerator_hours) == (1.5, 0.75, 2.0)
    assert (used.money, used.unpriced_hours) == (3.0, 0.5)
    assert (used.wall_clock_hours, used.speed_up) == (0.5, 3.0)
    assert used.hours_per_full_training == pytest.approx(0.75)


def test_without_any_price_there_is_no_money_and_nothing_lacks_one() -> None:
    used = compute_of(an_arm(runs=(a_run(1, held=Held(hours=1.0, unpriced_hours=1.0)),)), NOW)
    assert (used.money, used.unpriced_hours) == (None, 0.0)


def test_an_arm_that_goes_on_is_as_old_as_now() -> None:
    used = compute_of(an_arm(ended_at=None), NOW)
    assert used.wall_clock_hours == 10
    assert used.speed_up == pytest.approx(8 / 10)


def test_without_runs_everything_is_nothing() -> None:
    used = compute_of(an_arm(runs=(), trials={}), BORN)
    assert (used.runs, used.trials, used.hours, used.speed_up, used.money) == (0, 0, 0.0, None, None)


def test_runs_are_told_by_rung_with_their_ends() -> None:
    failed = a_run(5, to=1, reached_epochs=0, end_reason=EndReason.INFEASIBLE, held=NOTHING_HELD)
    flying = a_run(6, to=1, reached_epochs=0, end_reason=None, held=Held(hours=0.25, money=1.0))
    small, medium, full = rungs_of(an_arm(runs=(*PROMOTED, failed, flying)))
    assert (small.rung, small.epochs, small.runs, small.promotions, small.in_flight) == ("small", 1, 5, 0, 1)
    assert small.ended == {EndReason.SUCCEEDED: 3, EndReason.INFEASIBLE: 1}
    assert (small.cost, small.hours, small.money) == (0.75, 3.25, 1.0)
    assert (medium.runs, medium.promotions, medium.cost, medium.hours) == (1, 1, 0.25, 1.0)
    assert (full.runs, full.promotions, full.cost, full.hours, full.money) == (1, 1, 0.5, 2.0, None)


def test_a_rung_that_no_run_aimed_at_is_told() -> None:
    assert [use.runs for use in rungs_of(an_arm(runs=(a_run(1),)))] == [0, 0, 1]


def test_trials_of_all_states_are_counted() -> None:
    arm = an_arm(trials={TrialState.COMPLETED: 2, TrialState.FAILED: 3, TrialState.PAUSED: 4})
    assert compute_of(arm, NOW).trials == 9
