"""What the rows behind a page are, in 32 letters: hashed by PostgreSQL, which sends none of them.

The hash is of the rows' whole content, so it changes with whatever an answer could show, and is the same again after a
restart, a restore or a failover. Who answers with rows asks for their hash first and reads them afterwards: a row that
changes in between is sent under the older hash, and once more at the next question, never withheld.
"""

from sqlalchemy import Label, ScalarSelect, Subquery, Text, func, literal_column, select
from sqlalchemy.orm import Session

from controller.tables import AttemptRow, RunRow, TrialRow


def of_trials(session: Session, experiment_id: str, *, after: int, limit: int) -> str:
    """Return the hash of a page of trials."""
    wanted = select(_content("trials"), TrialRow.number.label("place"))
    page = wanted.where(TrialRow.experiment_id == experiment_id, TrialRow.number > after)
    return _hashed(session, _joined(page.order_by(TrialRow.number).limit(limit).subquery()))


def of_runs(session: Session, experiment_id: str, *, after: int, limit: int) -> str:
    """Return the hash of a page of runs, with their attempts. The trials that they name keep their numbers."""
    wanted = select(_content("runs"), RunRow.number.label("place"), RunRow.id)
    page = wanted.where(RunRow.experiment_id == experiment_id, RunRow.number > after)
    runs = page.order_by(RunRow.number).limit(limit).subquery()
    attempts = select(_content("attempts"), AttemptRow.id.label("place")).where(
        AttemptRow.run_id.in_(select(runs.c.id))
    )
    return _hashed(session, _joined(runs), _joined(attempts.subquery()))


def of_attempts(session: Session, experiment_id: str, *, after: int, limit: int) -> str:
    """Return the hash of a page of attempts."""
    wanted = select(_content("attempts"), AttemptRow.id.label("place")).join(AttemptRow.run)
    page = wanted.where(RunRow.experiment_id == experiment_id, AttemptRow.id > after)
    return _hashed(session, _joined(page.order_by(AttemptRow.id).limit(limit).subquery()))


def _content(table: str) -> Label[str]:
    """Hash a whole row of a table, told as PostgreSQL tells it."""
    return func.md5(literal_column(f"{table}::text", Text)).label("content")


def _joined(rows: Subquery) -> ScalarSelect[str]:
    in_order = func.string_agg(rows.c.content, "").aggregate_order_by(rows.c.place)
    return select(func.coalesce(in_order, "")).scalar_subquery()


def _hashed(session: Session, *parts: ScalarSelect[str]) -> str:
    """Hash all parts in one statement, and so as of one moment."""
    hashed: str = session.scalars(select(func.md5(func.concat_ws("-", *parts)))).one()
    return hashed
