"""The figures of a study report, as a person reads them."""

from collections.abc import Sequence

from podium.environment import Environment
from podium.prices import in_money
from podium.study import Arm, Gain, Provenance, StudyReport

NONE = "-"
"""What is not known, or does not exist."""


def objective(report: StudyReport, value: float | None) -> str:
    """Write the objective: a share as per cent, anything else with four digits."""
    if value is None:
        return NONE
    return f"{value:.2%}" if report.point == 0.01 else f"{value:.4g}"


def with_error(report: StudyReport, value: float, stderr: float | None) -> str:
    told = objective(report, value)
    if stderr is None:
        return told
    return f"{told} ± {100 * stderr:.2f}" if report.point == 0.01 else f"{told} ± {stderr:.2g}"


def points(report: StudyReport, value: float | None) -> str:
    """Write a difference in points, with its sign."""
    if value is None:
        return NONE
    return f"{value:+.2f}" if report.point == 0.01 else f"{value:+.4g}"


def what_a_point_is(report: StudyReport) -> str:
    if report.point == 0.01:
        return f"A point is one per cent of {report.metric}."
    return f"A point is {report.point:g} of {report.metric}."


def gain(report: StudyReport, gained: Gain | None) -> str:
    if gained is None:
        return NONE
    if gained.low is None:
        return points(report, gained.points)
    return f"{points(report, gained.points)} ({points(report, gained.low)} to {points(report, gained.high)})"


def hours(value: float | None) -> str:
    """Write a duration with three digits: `898 h`, `4.20 h`, `6.81 min`, `12.3 s`."""
    if value is None:
        return NONE
    amount, unit = next(
        ((value * size, unit) for size, unit in ((1, "h"), (60, "min")) if value * size >= 0.9995), (value * 3600, "s")
    )
    return f"{amount:,.0f} {unit}" if amount >= 99.95 or amount == 0 else f"{amount:#.3g} {unit}"


def money(arm: Arm, value: float | None) -> str:
    """Write a sum of an arm's money, in the currency of its prices where all name the same."""
    named = {price.currency for price in arm.prices}
    return NONE if value is None else in_money(value, named.pop() if len(named) == 1 else None)


def share(value: float | None) -> str:
    return NONE if value is None else f"{value:.1%}"


def figure(value: float | None) -> str:
    """Write a number with three digits, never as a power of ten where it is large."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"


def times(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f} x"


def trainings(value: float) -> str:
    return f"{figure(value)} full training{'' if value == 1 else 's'}"


def some(names: Sequence[str], most: int = 10) -> str:
    """List names; of many, how many there are and the first of them."""
    if len(names) <= most:
        return ", ".join(names) or "none told"
    return f"{len(names)}: {', '.join(names[:most])} and others"


def recorded(names: Sequence[str]) -> str:
    """List what was kept with attempts; of arms from before it was kept, say so."""
    return some(names) if names else "not recorded"


def trained_with(told: Environment) -> str:
    """Tell versions and device: `Podium 0.1.0, Python 3.11.7, torch 2.9.0 on Linux x86_64, NVIDIA A100`."""
    libraries = "".join(f", {name} {version}" for name, version in told.libraries.items())
    return f"Podium {told.podium}, Python {told.python}{libraries} on {told.system}, {told.device}"


def environments(run: Provenance, most: int = 5) -> list[str]:
    """Tell what attempts were trained with and on, a line for each; of many, the commonest."""
    lines = [f"{trained_with(each.environment)} ({_attempts(each.attempts)})" for each in run.environments[:most]]
    if len(run.environments) > most:
        lines.append(f"and {len(run.environments) - most} others, as the JSON report has them")
    if run.untold_attempts:
        lines.append(f"not told by {_attempts(run.untold_attempts)}")
    return lines or ["not recorded"]


def _attempts(count: int) -> str:
    return f"{count:,} attempt{'' if count == 1 else 's'}"


def prices(arm: Arm) -> str:
    """Tell each price that an arm was counted with: `2.50 EUR (the experiment's prices)`."""
    told = (f"{in_money(each.per_hour, each.currency or '(no currency named)')} ({each.source})" for each in arm.prices)
    return ", ".join(told) or "none known"


def mistaken(names: list[str] | None) -> str:
    """Say which attributes were mistaken: `year only`, `make and model`."""
    if names is None:
        return NONE
    if not names:
        return "nothing: same attributes"
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else f"{last} only"
