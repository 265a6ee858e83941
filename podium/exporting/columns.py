"""The two tables of an export: their columns, each of one type, and their rows. The same for CSV and for Parquet.

`params.` stands before a parameter's name and `metrics.` before a metric's, as in MLflow's `search_runs`: a parameter
may be called `value` or `state`. A parameter whose choices are of several types is written as JSON, so that 1, 1.0, "1"
and true stay apart.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from podium.exporting.record import RunRecord, TrialRecord
from podium.parameters import CategoricalParameter, IntegerParameter, Parameter, RealParameter, Value

Cell = bool | int | float | str | datetime | None


class Kind(StrEnum):
    """What a column holds, in the words of the W3C's CSV on the Web."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    """64 bits."""
    DOUBLE = "double"
    STRING = "string"
    JSON = "json"
    MOMENT = "datetime"
    """With its offset; always UTC, to the microsecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    kind: Kind


def trial_columns(parameters: Mapping[str, Parameter], metrics: Sequence[str]) -> list[Column]:
    """Return the columns of the table with one row for each trial."""
    fixed = {
        "trial": Kind.INTEGER,
        "state": Kind.STRING,
        "is_baseline": Kind.BOOLEAN,
        "value": Kind.DOUBLE,
        "meets_thresholds": Kind.BOOLEAN,
        "rung": Kind.STRING,
        "reached_epoch": Kind.INTEGER,
        "cost": Kind.DOUBLE,
        "seconds": Kind.DOUBLE,
        "runs": Kind.INTEGER,
        "promotions": Kind.INTEGER,
        "attempts": Kind.INTEGER,
        "end_reason": Kind.STRING,
        "source": Kind.STRING,
        "created_at": Kind.MOMENT,
        "started_at": Kind.MOMENT,
        "ended_at": Kind.MOMENT,
    }
    return [
        *(Column(name=name, kind=kind) for name, kind in fixed.items()),
        *(Column(name=f"params.{name}", kind=_kind_of(parameter)) for name, parameter in parameters.items()),
        *(Column(name=f"metrics.{name}", kind=Kind.DOUBLE) for name in metrics),
    ]


def trial_row(record: TrialRecord, columns: Sequence[Column]) -> list[Cell]:
    """Return a trial's cells in the order of these columns; None for a parameter or metric that it does not have."""
    trial, runs = record.trial, record.runs
    last = runs[-1] if runs else None
    known: dict[str, Cell] = {
        "trial": trial.number,
        "state": trial.state.value,
        "is_baseline": trial.is_baseline,
        "value": trial.value,
        "meets_thresholds": trial.meets_thresholds,
        "rung": _rung_reached(runs, trial.reached_epoch),
        "reached_epoch": trial.reached_epoch,
        "cost": sum(run.cost for run in runs),
        "seconds": sum(run.seconds for run in runs),
        "runs": len(runs),
        "promotions": sum(run.is_promotion for run in runs),
        "attempts": sum(run.attempts for run in runs),
        "end_reason": last.end_reason.value if last and last.end_reason else None,
        "source": runs[0].source if runs else None,
        "created_at": trial.created_at,
        "started_at": min((run.started_at for run in runs if run.started_at), default=None),
        "ended_at": last.ended_at if last else None,
    }
    known.update({f"params.{name}": value for name, value in trial.configuration.items()})
    known.update({f"metrics.{name}": value for name, value in (trial.metrics or {}).items()})
    return [_cell(known.get(column.name), column.kind) for column in columns]


MEASUREMENT_COLUMNS = [
    Column(name=name, kind=kind)
    for name, kind in {
        "trial": Kind.INTEGER,
        "run": Kind.INTEGER,
        "attempt": Kind.INTEGER,
        "epoch": Kind.INTEGER,
        "metric": Kind.STRING,
        "value": Kind.DOUBLE,
        "seconds": Kind.DOUBLE,
        "samples_per_second": Kind.DOUBLE,
        "created_at": Kind.MOMENT,
    }.items()
]
"""Long: a row for each metric of each epoch. `seconds` is the epoch's, so it repeats for each of its metrics."""


def measurement_rows(records: Iterable[TrialRecord]) -> Iterator[list[Cell]]:
    """Yield the rows of all that was measured."""
    for record in records:
        for run in record.runs:
            for told in run.measurements:
                key: list[Cell] = [record.trial.number, run.number, told.attempt, told.epoch]
                rest: list[Cell] = [told.seconds, told.samples_per_second, told.created_at]
                for name, value in told.metrics.items():
                    yield [*key, name, value, *rest]


def _kind_of(parameter: Parameter) -> Kind:
    match parameter:
        case RealParameter():
            return Kind.DOUBLE
        case IntegerParameter():
            return Kind.INTEGER
        case CategoricalParameter(choices=choices):
            kinds = {bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.DOUBLE, str: Kind.STRING}
            types = {type(choice) for choice in choices}
            is_wide = any(type(choice) is int and not -(2**63) <= choice < 2**63 for choice in choices)
            return kinds[types.pop()] if len(types) == 1 and not is_wide else Kind.JSON


def _cell(value: Cell, kind: Kind) -> Cell:
    if value is None:
        return None
    if kind is Kind.JSON:
        return json.dumps(value, ensure_ascii=False)
    return float(value) if kind is Kind.DOUBLE and isinstance(value, int) else value


def _rung_reached(runs: Sequence[RunRecord], reached_epoch: int) -> str | None:
    """Return the rung at which the trial stands: that of the last run which brought it there."""
    return (
        next((run.rung for run in reversed(runs) if run.reached_epoch == reached_epoch), None)
        if reached_epoch
        else None
    )


def read_json(text: str) -> Value:
    """Return the value that a cell of kind JSON holds."""
    value: Value = json.loads(text)
    return value
