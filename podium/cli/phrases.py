"""Numbers and durations, as a person reads them."""

from datetime import timedelta

from podium.parameters import Configuration, Value
from podium.prices import in_money
from podium.wire import Experiment

MISSING = "-"


def in_words(duration: timedelta) -> str:
    """Say how long, in the two largest units: `42 s`, `3 min 05 s`, `2 h 05 min`, `1 d 3 h`."""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"


def number(value: float | None) -> str:
    """Write a measured number with four significant digits; what does not exist is a dash."""
    return MISSING if value is None else f"{value:.4g}"


def setting(value: Value) -> str:
    """Write a parameter's value as a spec does."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.4g}"
        case _:
            return str(value)


def settings(configuration: Configuration) -> str:
    return " ".join(f"{name}={setting(value)}" for name, value in configuration.items())


def spending(experiment: Experiment) -> list[tuple[str, str]]:
    """Say what the Pods held and cost, as names and figures: accelerators if there were any, money if it is known."""
    progress, limit = experiment.progress, experiment.spec.budget.money
    lines = []
    if progress.accelerator_hours > 0:
        lines.append(("accelerators", f"{number(progress.accelerator_hours)} hours"))
    if progress.money is not None:
        lines.append(("money", in_money(progress.money, progress.currency, of=limit)))
    elif limit is not None:
        lines.append(("money", f"nothing of {limit:g}: no Pod has had a price yet, see `trial.pricePerHour`"))
    return lines


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def standing(state: str, message: str) -> str:
    """Say the state and its message; a message that begins with the state does not say it twice."""
    if not message or message.startswith(state):
        return message or state
    return f"{state}: {message}"
