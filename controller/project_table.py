"""Projects as rows, and the one that a new experiment belongs to."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from controller.errors import InvalidRequest, NameTaken, ProjectNotFound
from controller.principal import seen_projects
from controller.tables import ExperimentRow, ProjectRow
from podium.access import DEFAULT_PROJECT, Project


def make(session: Session, name: str, now: datetime) -> ProjectRow:
    """Store a project. Raises NameTaken."""
    made = insert(ProjectRow).values(name=name, created_at=now).on_conflict_do_nothing().returning(ProjectRow)
    row = session.scalar(made)
    if row is None:
        raise NameTaken(f"there is a project {name!r} already")
    return row


def chosen(session: Session, named: str | None) -> str:
    """Return the project of an experiment that is to be made: the one named, else the only one that its author sees.

    Raises ProjectNotFound for one that is not there, or not his; InvalidRequest where he has to name one.
    """
    seen = seen_projects(session)
    if named is None and seen is None:
        return DEFAULT_PROJECT
    if named is None and seen is not None:
        if len(seen) > 1:
            names = ", ".join(sorted(seen))
            raise InvalidRequest(f"name the experiment's project, one of {names}: `--project`, or `?project=...`")
        [named] = seen
    assert named is not None
    if not (seen is None or named in seen) or session.get(ProjectRow, named) is None:
        raise ProjectNotFound(f"no project {named!r}; `podium projects list` lists them")
    return named


def projects(session: Session, *, after: str, limit: int) -> Sequence[tuple[ProjectRow, int]]:
    """Return the projects that the session's asker sees by their names, with the number of their experiments."""
    count = select(func.count()).where(ExperimentRow.project == ProjectRow.name).scalar_subquery()
    query = select(ProjectRow, count).where(ProjectRow.name > after).order_by(ProjectRow.name).limit(limit)
    if (seen := seen_projects(session)) is not None:
        query = query.where(ProjectRow.name.in_(seen))
    return [(row, experiments) for row, experiments in session.execute(query)]


def told(row: ProjectRow, experiments: int) -> Project:
    return Project(name=row.name, experiments=experiments, created_at=row.created_at)
