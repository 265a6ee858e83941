"""Trials sorted, filtered and leafed through by the database."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from benchmarks.finished_trials import add_experiment, spec_of
from controller import store
from controller.database import open_sessions, transaction
from controller.trial_table import PAGE_ROWS, UnknownFilter, Wanted, trials_found
from podium.parameters import Value
from podium.taxonomy import TrialState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def experiment_id(engine: Engine) -> str:
    with transaction(open_sessions(engine)) as session:
        return add_experiment(session, spec_of("some", parallelism=1, seed=5), 130, NOW)


@pytest.fixture
def session(engine: Engine, experiment_id: str) -> Iterator[Session]:
    with open_sessions(engine)() as session:
        yield session


def everything(session: Session, experiment_id: str, **wanted: object) -> list[dict[str, Value | None]]:
    """Return all pages joined, a trial with its parameters as one row."""
    row, asked, rows = store.experiment(session, experiment_id), Wanted(**wanted), []  # type: ignore[arg-type]
    first = trials_found(session, row, asked)
    for page in range(1, first.pages + 1):
        found = trials_found(session, row, Wanted(**wanted | {"page": page}))  # type: ignore[arg-type]
        rows += [
            {"trial": each.number, "value": each.value, "state": each.state, **each.configuration}
            for each in found.rows
        ]
    assert len(rows) == first.matching
    assert len({row["trial"] for row in rows}) == len(rows)
    return rows


@pytest.mark.parametrize("column", ["trial", "value", "learning_rate", "batch_size", "nesterov"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_join_into_one_order_with_nothing_last(
    session: Session, experiment_id: str, column: str, sign: str
) -> None:
    cells = [row[column] for row in everything(session, experiment_id, sort=sign + column)]
    known = [cell for cell in cells if cell is not None]
    assert len(cells) == 130
    assert cells == sorted(known, key=lambda cell: cell, reverse=sign == "-") + [None] * (130 - len(known))


def test_terms_must_all_hold(session: Session, experiment_id: str) -> None:
    rows = everything(session, experiment_id)
    found = everything(session, experiment_id, where='learning_rate<0.01  nesterov="true" value>=0.3 batch_size != 64')
    wanted = [
        row
        for row in rows
        if row["learning_rate"] < 0.01 and row["nesterov"] and (row["value"] or 0) >= 0.3 and row["batch_size"] != 64  # type: ignore[operator]
    ]
    assert found == wanted
    assert found
    failed = everything(session, experiment_id, state=TrialState.FAILED)
    assert failed == [row for row in rows if row["state"] is TrialState.FAILED]
    assert failed == everything(session, experiment_id, where="state=failed")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("colour=red", "no column 'colour'; there are learning_rate"),
        ("learning_rate<small", "'small' is no number"),
        ("nesterov>true", "words have no order"),
        ("learning_rate", "cannot read the filter from 'learning_rate' on"),
        ("value>0.1 ; drop table trials", "cannot read the filter from '; drop table trials' on"),
        ("trial>0 " * 21, "20 at most"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_in_words(
    session: Session, experiment_id: str, where: str, told: str
) -> None:
    with pytest.raises(UnknownFilter) as refused:
        everything(session, experiment_id, where=where)
    assert told in refused.value.detail


@pytest.mark.parametrize("page", [-3, 0, 1, 3, 99])
def test_a_page_that_there_is_not_is_the_nearest(session: Session, experiment_id: str, page: int) -> None:
    found = trials_found(session, store.experiment(session, experiment_id), Wanted(page=page))
    assert found.page == min(max(page, 1), 3)
    assert found.rows[0].number == (found.page - 1) * PAGE_ROWS + 1


def test_a_page_reads_no_more_rows_than_it_shows(session: Session, experiment_id: str) -> None:
    fetched: list[int] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        fetched.append(cursor.rowcount)  # type: ignore[attr-defined]

    row = store.experiment(session, experiment_id)
    event.listen(session.get_bind(), "after_cursor_execute", note)
    trials_found(session, row, Wanted(sort="-learning_rate", page=2))
    event.remove(session.get_bind(), "after_cursor_execute", note)
    assert sum(fetched) <= PAGE_ROWS + 1
