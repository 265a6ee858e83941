"""Which of a loop's numbers are reported: pure choices, the same for every library."""

from collections.abc import Iterable, Mapping

TAKEN = ("epoch", "checkpoint", "samples_per_second")
"""Names that `Trial.report` has other uses for; the Hugging Face Trainer counts the epoch among its metrics."""


def chosen(found: Mapping[str, object], names: Iterable[str] | None, objective: str) -> dict[str, float]:
    """Return the metrics with these names, or all that are numbers. Raises ValueError where a name is missing.

    `found` may hold tensors of one element. The objective is always among what is returned.
    """
    numbers = {
        name: number for name, value in found.items() if name not in TAKEN and (number := _number(value)) is not None
    }
    wanted = numbers if names is None else {*names, objective}
    if missing := sorted({*wanted, objective} - numbers.keys()):
        known = ", ".join(sorted(numbers)) or "none"
        raise ValueError(
            f"{', '.join(missing)} is not among the metrics of this epoch ({known}); log it under that name, or name "
            "another as the experiment's objective"
        )
    return {name: numbers[name] for name in wanted}


def _number(value: object) -> float | None:
    """Return what a tensor, an array or a number holds, if it is one number."""
    try:
        return float(value)  # type: ignore[arg-type]  # asked, not known
    except (TypeError, ValueError, RuntimeError):
        return None
