"""The report of the original study's published figures says what the study says."""

import pytest

from podium import study_words as words
from podium.study_markdown import markdown_of
from tests.study.arms import a_report
from tests.study.published import published_arm, published_study

REPORT = a_report(*published_study())
EXTRACTOR, FINE_TUNED = REPORT.arms


def test_accuracies_and_gains_are_those_published() -> None:
    told = [
        words.objective(REPORT, outcome.value)
        for arm in REPORT.arms
        for outcome in (arm.baseline, arm.best)
        if outcome is not None
    ]
    assert told == ["46.41%", "47.99%", "83.41%", "87.33%"]
    assert [words.gain(REPORT, arm.gain) for arm in REPORT.arms] == ["+1.58", "+3.92"]


def test_compute_hours_are_runs_times_hours() -> None:
    assert [words.hours(arm.compute.hours) for arm in REPORT.arms] == ["898 h", "924 h"]
    assert [arm.compute.hours for arm in REPORT.arms] == pytest.approx([220 * 4.08, 220 * 4.20])
    assert [arm.compute.hours_per_full_training for arm in REPORT.arms] == pytest.approx([4.08, 4.20])


def test_twenty_machines_take_a_twentieth_of_the_time() -> None:
    assert [arm.compute.wall_clock_hours for arm in REPORT.arms] == pytest.approx([11 * 4.08, 11 * 4.20])
    assert [arm.compute.speed_up for arm in REPORT.arms] == pytest.approx([20, 20])


def test_each_point_over_the_first_arm_costs_its_hours_by_its_points() -> None:
    """47.99 - 46.41 = 1.58 points for 897.6 h; 37.00 for a training of 4.20 h; 40.92 for 924 h."""
    assert EXTRACTOR.baseline is not None
    assert EXTRACTOR.best is not None
    assert FINE_TUNED.baseline is not None
    assert FINE_TUNED.best is not None
    assert (EXTRACTOR.baseline.points, EXTRACTOR.baseline.hours_per_point) == (None, None)
    told = [
        (outcome.points, outcome.hours_per_point) for outcome in (EXTRACTOR.best, FINE_TUNED.baseline, FINE_TUNED.best)
    ]
    assert told[0] == pytest.approx((1.58, 897.6 / 1.58))
    assert told[1] == pytest.approx((37.00, 4.20 / 37.00))
    assert told[2] == pytest.approx((40.92, 924 / 40.92))


def test_a_point_over_its_own_baseline_costs_more() -> None:
    assert FINE_TUNED.gain is not None
    assert FINE_TUNED.gain.hours_per_point == pytest.approx(924 / 3.92)


def test_with_a_price_each_point_costs_money() -> None:
    arms = a_report(*published_study(price=0.9)).arms
    assert [arm.compute.money for arm in arms] == pytest.approx([807.84, 831.6])
    best = arms[1].best
    assert best is not None
    assert best.money_per_point == pytest.approx(831.6 / 40.92)


def test_full_trainings_alone_save_nothing() -> None:
    assert EXTRACTOR.savings is not None
    assert (EXTRACTOR.savings.by_low_rungs, EXTRACTOR.savings.by_resuming) == pytest.approx((0, 0))


def test_one_arm_alone_is_its_own_reference() -> None:
    report = a_report(published_arm("cars-fine-tuned", (0.8341, 0.8733), 4.20))
    [arm] = report.arms
    assert arm.best is not None
    assert arm.gain is not None
    assert arm.best.points == pytest.approx(3.92)
    assert arm.best.hours_per_point == pytest.approx(arm.gain.hours_per_point)


def test_the_table_of_arms_reads_like_the_studys() -> None:
    rows = markdown_of(REPORT, is_brief=True).splitlines()
    for row in (
        "| cars-extractor | baseline | 46.41% | 4.08 h | - | - | - | - |",
        "| cars-extractor | best | 47.99% | 898 h | - | +1.58 | 568 h | - |",
        "| cars-fine-tuned | baseline | 83.41% | 4.20 h | - | +37.00 | 6.81 min | - |",
        "| cars-fine-tuned | best | 87.33% | 924 h | - | +40.92 | 22.6 h | - |",
        "| cars-extractor | +1.58 | 220 | 898 h | 44.9 h | 20.0 x | - | 0.0% | 0.0% |",
        "| cars-fine-tuned | +3.92 | 220 | 924 h | 46.2 h | 20.0 x | - | 0.0% | 0.0% |",
    ):
        assert row in rows
