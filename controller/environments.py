"""Where attempts are trained, as their processes tell it: kept with each of them, for people and the study report.

Nothing is decided by it: what a process says of itself is believed, and is nobody's proof.
"""

from collections.abc import Sequence

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.orm import Session

from controller.errors import Superseded
from controller.tables import AttemptRow, RunRow
from podium.environment import Environment
from podium.taxonomy import AttemptState


def keep(session: Session, job: str, told: Environment) -> None:
    """Keep what an attempt tells. The latest word counts. Raises Superseded for an attempt that has ended."""
    alive = update(AttemptRow).where(AttemptRow.job == job, AttemptRow.state != AttemptState.ENDED)
    kept = alive.values(environment=told.model_dump(mode="json"))
    if session.connection().execute(kept).rowcount == 0:
        raise Superseded(f"attempt {job!r} has ended; exit")


def environments_of(session: Session, experiment_id: str) -> Sequence[tuple[Environment | None, int]]:
    """Return in how many attempts each environment was told, the commonest first; None of those that told none.

    Attempts that were never heard of are not counted: they had no word to tell.
    """
    told = cast(AttemptRow.environment, Text)  # PostgreSQL compares no JSON, and keeps it as it was written
    query = (
        select(told, func.count())
        .join(AttemptRow.run)
        .where(RunRow.experiment_id == experiment_id, AttemptRow.heard_at.is_not(None) | told.is_not(None))
        .group_by(told)
        .order_by(func.count().desc(), told)
    )
    return [
        (None if text is None else Environment.model_validate_json(text), count)
        for text, count in session.execute(query)
    ]
