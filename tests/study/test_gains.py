"""Points, intervals, and what a point costs."""

import math

import pytest

from controller.errors import InvalidRequest
from controller.study.assembly import study_report
from controller.study.facts import Held
from controller.study.gains import Scale, gain_of, point_of
from podium import study_words as words
from podium.study import Gain
from podium.taxonomy import TrialState
from tests.study.arms import EDITION, a_report, a_trial, an_arm

SHARES = Scale(metric="val_accuracy", is_maximized=True, point=0.01)
HELD = Held(hours=10.0, money=5.0)


def with_error(stderr: float | None) -> dict[str, float]:
    return {} if stderr is None else {"val_accuracy_stderr": stderr}


def gained(*stderrs: float | None, members: int | None = None) -> Gain:
    baseline = a_trial(1, 0.80, metrics=with_error(stderrs[0]))
    best = a_trial(2, 0.82, metrics=with_error(stderrs[1]))
    return gain_of(baseline, best, HELD, SHARES, members=members)


@pytest.mark.parametrize(
    ("metric", "values", "point"),
    [
        ("val_accuracy", [0.5, 1.0], 0.01),
        ("top1_acc", [0.0], 0.01),
        ("val_accuracy", [46.41, 47.99], 1.0),
        ("val_accuracy", [-0.1], 1.0),
        ("val_loss", [0.5], 1.0),
        ("val_accuracy", [], 0.01),
    ],
)
def test_a_point_is_a_hundredth_of_a_share_and_one_of_anything_else(
    metric: str, values: list[float], point: float
) -> None:
    assert point_of(metric, values) == point


def test_the_interval_adds_the_variances_of_both() -> None:
    """1.96 times the root of .3² and .4², in points: .98 to each side of two points."""
    gain = gained(0.003, 0.004)
    assert gain.points == pytest.approx(2.0)
    assert (gain.low, gain.high) == pytest.approx((2 - 1.96 * 0.5, 2 + 1.96 * 0.5), abs=1e-4)


def test_few_repeats_make_it_wider() -> None:
    """Of three trainings each with equal errors, Welch's t has four degrees of freedom: 2.776 in place of 1.96."""
    gain = gained(0.003, 0.003, members=3)
    assert gain.high == pytest.approx(2 + 2.7764 * math.sqrt(2) * 0.3, abs=1e-3)
    assert "3 trainings each" in gain.remark


def test_one_error_of_zero_leaves_the_others_freedom() -> None:
    """With three trainings: two degrees of freedom, 4.303."""
    gain = gained(0.0, 0.004, members=3)
    assert gain.high == pytest.approx(2 + 4.3027 * 0.4, abs=1e-3)


def test_repeats_that_never_differ_have_an_interval_of_no_width() -> None:
    gain = gained(0.0, 0.0, members=3)
    assert (gain.low, gain.high) == (gain.points, gain.points)


@pytest.mark.parametrize(
    ("stderrs", "who"),
    [
        ((None, None), "the baseline and the best"),
        ((0.01, None), "for the best;"),
        ((None, 0.01), "for the baseline;"),
        ((math.nan, 0.01), "for the baseline;"),
        ((0.01, -1.0), "for the best;"),
    ],
)
def test_without_both_errors_there_is_none_and_it_says_why(
    stderrs: tuple[float | None, float | None], who: str
) -> None:
    gain = gained(*stderrs)
    assert (gain.low, gain.high) == (None, None)
    assert gain.remark.startswith("no interval: val_accuracy_stderr was not reported for ")
    assert who in gain.remark


def test_a_baseline_that_is_the_best_has_gained_nothing() -> None:
    same = a_trial(1, 0.8, metrics={"val_accuracy_stderr": 0.01})
    gain = gain_of(same, same, HELD, SHARES, members=None)
    assert (gain.points, gain.low, gain.hours_per_point, gain.money_per_point) == (0.0, None, None, None)
    assert "itself the best" in gain.remark


def test_what_is_minimized_gains_by_falling() -> None:
    scale = Scale(metric="val_loss", is_maximized=False, point=1.0)
    gain = gain_of(a_trial(1, 0.9), a_trial(2, 0.4), HELD, scale, members=None)
    assert gain.points == pytest.approx(0.5)
    assert (gain.hours_per_point, gain.money_per_point) == pytest.approx((20.0, 10.0))


def test_a_loss_costs_nothing_for_each_point() -> None:
    gain = gain_of(a_trial(1, 0.8), a_trial(2, 0.7), HELD, SHARES, members=None)
    assert gain.points == pytest.approx(-10)
    assert (gain.hours_per_point, gain.money_per_point) == (None, None)


def test_points_are_counted_from_the_arm_that_is_named() -> None:
    first, second = an_arm(id="first"), an_arm(id="second", baseline=a_trial(1, 0.55), best=a_trial(2, 0.7))
    report = study_report([first, second], {}, EDITION, reference="second")
    assert report.reference is not None
    assert (report.reference.experiment, report.reference.value) == ("second", 0.55)
    assert report.arms[0].best is not None
    assert report.arms[0].best.points == pytest.approx(5.0)
    assert report.arms[0].baseline is not None
    assert report.arms[0].baseline.points == pytest.approx(-5.0)
    assert report.arms[1].baseline is not None
    assert report.arms[1].baseline.points is None


def test_without_a_baseline_the_best_is_the_reference() -> None:
    report = a_report(an_arm(baseline=None))
    assert report.reference is not None
    assert (report.reference.outcome, report.reference.value) == ("best", 0.6)
    assert report.arms[0].gain is None
    assert "There is no baseline, hence no gain: the spec asks for none" in report.arms[0].remarks


def test_a_reference_without_any_result_is_said() -> None:
    report = a_report(an_arm(baseline=a_trial(1, None, state=TrialState.RUNNING), best=None))
    assert report.reference is None
    assert any(remark.startswith("The reference has no model") for remark in report.remarks)


def test_a_reference_that_is_no_arm_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="'elsewhere' is not among the report's experiments: tiny-abcd"):
        study_report([an_arm()], {}, EDITION, reference="elsewhere")


def test_arms_of_different_objectives_are_refused() -> None:
    other = an_arm({"objective": {"metric": "val_loss", "direction": "minimize"}}, id="other")
    with pytest.raises(InvalidRequest, match=r"val_accuracy \(maximize\), other has val_loss \(minimize\)"):
        study_report([an_arm(), other], {}, EDITION)


def test_the_baseline_took_its_own_runs_and_the_best_all_of_them() -> None:
    [arm] = a_report().arms
    assert arm.baseline is not None
    assert arm.best is not None
    assert (arm.baseline.hours, arm.best.hours) == (4.0, 8.0)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (897.6, "898 h"),
        (12345.0, "12,345 h"),
        (4.2, "4.20 h"),
        (0.99999, "1.00 h"),
        (0.5, "30.0 min"),
        (0.01, "36.0 s"),
        (0.0, "0 s"),
        (None, "-"),
    ],
)
def test_hours_are_told_in_the_unit_that_fits(hours: float | None, told: str) -> None:
    assert words.hours(hours) == told
