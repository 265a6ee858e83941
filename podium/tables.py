"""Trials and measurements as rows, and rows as a DataFrame."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from podium.measured import TrialMeasurements
from podium.wire import Trial

if TYPE_CHECKING:
    from pandas import DataFrame

Row = dict[str, object]
TABLES = ("trials", "measurements")


def trial_rows(trials: Sequence[Trial]) -> list[Row]:
    """Return a row for each trial: what it is, its configuration, and what was measured where it stands.

    A metric named as another column is gets `metric.` before its name, a parameter `parameter.`.
    """
    return [
        _joined(
            {
                "trial": trial.number,
                "state": str(trial.state),
                "is_baseline": trial.is_baseline,
                "reached_epoch": trial.reached_epoch,
                "value": trial.value,
                "meets_thresholds": trial.meets_thresholds,
                "created_at": trial.created_at,
            },
            parameter=trial.configuration,
            metric=trial.metrics or {},
        )
        for trial in trials
    ]


def measurement_rows(trials: Sequence[TrialMeasurements]) -> list[Row]:
    """Return a row for each epoch of each trial, with its metrics. `seconds` are those of the epoch."""
    return [
        _joined(
            {
                "trial": trial.number,
                "epoch": measured.epoch,
                "seconds": measured.seconds,
                "samples_per_second": measured.samples_per_second,
                "attempt": measured.attempt,
                "created_at": measured.created_at,
            },
            metric=measured.metrics,
        )
        for trial in trials
        for measured in trial.measurements
    ]


def table_of(rows: Sequence[Row]) -> "DataFrame":
    """Return the rows as a DataFrame. Raises ImportError, with what to install, without pandas."""
    try:
        from pandas import DataFrame  # noqa: PLC0415  # half a second of imports, and optional
    except ImportError:
        raise ImportError('tables need pandas; install it with: pip install "podium[notebook]"') from None
    return DataFrame(rows)


def _joined(row: Row, **groups: Mapping[str, object]) -> Row:
    """Add each group's items. A name that is taken keeps its column; the new one says whose it is."""
    for group, items in groups.items():
        row |= {f"{group}.{name}" if name in row else name: value for name, value in items.items()}
    return row
