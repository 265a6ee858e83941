"""Which of a loop's numbers are reported: pure choices, the same for every library."""

from collections.abc import Iterable, Mapping

TAKEN = ("epoch", "checkpoint", "samples_per_second")
"""Names that `Trial.report` has other uses for; the Hugging Face Trainer counts the epoch among its metrics."""


def chosen(
    found: Mapping[str, object], names: Iterable[str] | None, objective: str, *, cause: str | None = None
) -> dict[str, float]:
    """Return the metrics with these names, or all that are numbers. Raises ValueError where a name is missing.

    `found` may hold tensors of one element. The objective is always among what is returned. `cause` is what the error
    says, where the loop knows why a metric may be missing.
    """
    numbers = {
        name: number for name, value in found.items() if name not in TAKEN and (number := _number(value)) is not None
    }
    wanted = numbers if names is None else {*names, objective}
    if missing := sorted({*wanted, objective} - numbers.keys()):
        known = ", ".join(sorted(numbers)) or "none"
        remedy = cause or "log it under that name, or name another as the experiment's objective"
        raise ValueError(f"{', '.join(missing)} is not among the metrics of this epoch ({known}); {remedy}")
    return {name: numbers[name] for name in wanted}


def renewed(found: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    """Return what was logged since `before`, of a loop that keeps old values among the new, as the same objects."""
    return {name: value for name, value in found.items() if before.get(name) is not value}


def _number(value: object) -> float | None:
    """Return what a tensor, an array or a number holds, if it is one number."""
    try:
        return float(value)  # type: ignore[arg-type]  # asked, not known
    except (TypeError, ValueError, RuntimeError):
        return None
