"""What was gained, how sure that is, and what each point of it cost."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy import stats

from controller.study.facts import Held, TrialFacts
from podium.study import Gain, Outcome, Reference
from podium.wire import STANDARD_ERROR

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How the objective is told and compared."""

    metric: str
    is_maximized: bool
    point: float
    """What a point is, in the objective's units."""

    def points(self, value: float, over: float) -> float:
        """Return how many points better one value is than another."""
        return (value - over if self.is_maximized else over - value) / self.point


def point_of(metric: str, values: Iterable[float]) -> float:
    """Return what a point of this metric is: a hundredth of a share, one unit of anything else.

    Nobody says which metrics are shares. One that is called an accuracy and has never left [0, 1] is taken for one.
    """
    return 0.01 if "acc" in metric.lower() and all(0 <= value <= 1 for value in values) else 1.0


def outcome_of(trial: TrialFacts, held: Held, scale: Scale, reference: Reference | None) -> Outcome:
    """Return a trained model beside the reference. The trial has a value. What was held is what it took to get it."""
    assert trial.value is not None
    points = None if reference is None else scale.points(trial.value, over=reference.value)
    hours_per_point, money_per_point = _per_point(held, points)
    return Outcome(
        trial=trial.number,
        value=trial.value,
        stderr=stderr_of(trial, scale.metric),
        configuration=trial.configuration,
        hours=held.hours,
        money=held.money,
        points=points,
        hours_per_point=hours_per_point,
        money_per_point=money_per_point,
    )


def gain_of(baseline: TrialFacts, best: TrialFacts, held: Held, scale: Scale, *, members: int | None) -> Gain:
    """Return what the best gained over the baseline, with a 95% interval where the standard errors of both are known.

    Each value is the mean of `members` trainings, or of an unknown number. Both trials have a value.
    """
    assert baseline.value is not None
    assert best.value is not None
    points = scale.points(best.value, over=baseline.value)
    hours_per_point, money_per_point = _per_point(held, points)
    half, remark = _interval(baseline, best, scale, members)
    return Gain(
        points=points,
        low=None if half is None else points - half,
        high=None if half is None else points + half,
        remark=remark,
        hours_per_point=hours_per_point,
        money_per_point=money_per_point,
    )


def _per_point(held: Held, points: float | None) -> tuple[float | None, float | None]:
    if points is None or points <= 0:
        return None, None
    return held.hours / points, None if held.money is None else held.money / points


def _interval(baseline: TrialFacts, best: TrialFacts, scale: Scale, members: int | None) -> tuple[float | None, str]:
    """Return half of the interval's width in points, and what it rests on; or None, and why there is none."""
    if baseline.number == best.number:
        return None, "the baseline is itself the best: nothing that was found is better"
    errors = {"the baseline": stderr_of(baseline, scale.metric), "the best": stderr_of(best, scale.metric)}
    missing = [who for who, stderr in errors.items() if stderr is None]
    if missing:
        return None, (
            f"no interval: {scale.metric}{STANDARD_ERROR} was not reported for {' and '.join(missing)}; "
            "folds or repeats would tell how far chance alone moves a result"
        )
    first, second = ((stderr or 0.0) / scale.point for stderr in errors.values())
    stderr = math.hypot(first, second)
    if stderr == 0:
        return 0.0, "repeats did not differ at all"
    if members is None:
        return stats.norm.ppf((1 + CONFIDENCE) / 2) * stderr, "95%, from both standard errors, as if of many repeats"
    freedom = stderr**4 / ((first**4 + second**4) / (members - 1))
    width = stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * stderr
    return float(width), f"95%, by Welch's t from the standard errors of {members} trainings each"


def stderr_of(trial: TrialFacts, metric: str) -> float | None:
    """Return the standard error of a trial's objective, where it was reported."""
    found = trial.metrics.get(metric + STANDARD_ERROR)
    return found if found is not None and math.isfinite(found) and found >= 0 else None
