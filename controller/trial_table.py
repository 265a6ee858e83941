"""The trials of an experiment as a table that people sort, filter and leaf through; the database does all three.

A filter is written as `learning_rate<0.01 optimizer=adamw value>=0.9`: terms that must all hold.
"""

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, Text, cast, func, select
from sqlalchemy.orm import Session

from controller.errors import InvalidRequest
from controller.tables import ExperimentRow, TrialRow
from podium.taxonomy import TrialState

PAGE_ROWS = 50
MOST_TERMS = 20
OPERATORS = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
TERM = re.compile(r"([^\s<>=!]+)\s*(<=|>=|!=|<|>|=)\s*(\"[^\"]*\"|\S+)\s*")


@dataclass(frozen=True, slots=True)
class Column:
    expression: SQLColumnExpression[Any]  # Any: of numbers or of text
    is_text: bool


class UnknownFilter(InvalidRequest):
    """A filter or an order that the table does not have; the message says which it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    state: TrialState | None = None
    where: str = ""
    sort: str = "trial"
    """A column's name, with a dash before it for the largest first."""
    page: int = 1


class Found(NamedTuple):
    rows: Sequence[TrialRow]
    matching: int
    """Of all that the filter lets through."""
    page: int
    """The one wanted, or the last there is."""
    pages: int


def trials_found(session: Session, experiment: ExperimentRow, wanted: Wanted) -> Found:
    """Return a page of trials, those without a value in the column of the order last. Raises UnknownFilter."""
    columns = _columns(experiment)
    conditions = [TrialRow.experiment_id == experiment.id, *_conditions(columns, wanted.where)]
    if wanted.state is not None:
        conditions.append(TrialRow.state == wanted.state)
    count = session.scalar(select(func.count()).select_from(TrialRow).where(*conditions)) or 0
    pages = max(1, -(-count // PAGE_ROWS))
    shown = min(max(1, wanted.page), pages)
    query = _sorted(select(TrialRow).where(*conditions), columns, wanted.sort)
    rows = session.scalars(query.limit(PAGE_ROWS).offset((shown - 1) * PAGE_ROWS)).all()
    return Found(rows=rows, matching=count, page=shown, pages=pages)


def column_names(experiment: ExperimentRow) -> list[str]:
    """Return what may be sorted and filtered by."""
    return list(_columns(experiment))


def _columns(experiment: ExperimentRow) -> Mapping[str, Column]:
    """Return columns by name; a parameter that is called like one of the first four gives way to it."""
    parameters: Mapping[str, Mapping[str, Any]] = experiment.spec["parameters"]  # Any: a JSON document
    return {
        **{name: _parameter(name, str(each["type"])) for name, each in parameters.items()},
        "trial": Column(TrialRow.number, is_text=False),
        "epoch": Column(TrialRow.reached_epoch, is_text=False),
        "state": Column(cast(TrialRow.state, Text), is_text=True),
        "value": Column(TrialRow.value, is_text=False),
    }


def _parameter(name: str, kind: str) -> Column:
    found, is_text = TrialRow.configuration[name], kind == "categorical"
    return Column(found.as_string() if is_text else found.as_float(), is_text=is_text)


def _conditions(columns: Mapping[str, Column], where: str) -> list[ColumnElement[bool]]:
    text, place = where.strip(), 0
    conditions: list[ColumnElement[bool]] = []
    while place < len(text):
        term = TERM.match(text, place)
        if term is None or len(conditions) == MOST_TERMS:
            raise UnknownFilter(
                f"cannot read the filter from {text[place : place + 40]!r} on; write terms such as `value>=0.9`, "
                f"{MOST_TERMS} at most"
            )
        name, relation, value = term.groups()
        conditions.append(_condition(_named(columns, name), relation, value.strip('"')))
        place = term.end()
    return conditions


def _condition(column: Column, relation: str, text: str) -> ColumnElement[bool]:
    if column.is_text and relation not in ("=", "!="):
        raise UnknownFilter(f"words have no order: write = or != before {text!r}")
    condition: ColumnElement[bool] = OPERATORS[relation](column.expression, text if column.is_text else _number(text))
    return condition


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UnknownFilter(f"{text!r} is no number") from None


def _sorted(query: Select[TrialRow], columns: Mapping[str, Column], sort: str) -> Select[TrialRow]:
    column = _named(columns, sort.removeprefix("-")).expression
    order = column.desc() if sort.startswith("-") else column.asc()
    return query.order_by(order.nulls_last(), TrialRow.number)


def _named(columns: Mapping[str, Column], name: str) -> Column:
    try:
        return columns[name]
    except KeyError:
        raise UnknownFilter(f"no column {name!r}; there are {', '.join(columns)}") from None
