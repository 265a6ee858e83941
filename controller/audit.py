"""The audit trail: who changed what, when, from where, and what it was before. Workers' reports are no changes of it.

A verb notes what it did in its own transaction. The controller's own acts are told by events and messages instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.access_tables import AuditRow
from controller.principal import asking_of
from controller.tables import ExperimentRow
from podium.audit import Action, Change

Values = dict[str, Any]  # Any: a JSON document


def note(
    session: Session,
    action: Action,
    subject: str | ExperimentRow,
    *,
    old: Values | None = None,
    new: Values | None = None,
) -> None:
    """Note a change by whoever the session acts for; by nobody, nothing."""
    asking = asking_of(session)
    if asking is None:
        return
    session.add(
        AuditRow(
            at=asking.at,
            who=asking.principal.in_full,
            source=asking.principal.source,
            token_id=asking.principal.token_id,
            address=asking.address,
            action=action,
            subject=subject.id if isinstance(subject, ExperimentRow) else subject,
            experiment_id=subject.id if isinstance(subject, ExperimentRow) else None,
            project=subject.project if isinstance(subject, ExperimentRow) else None,
            old=old,
            new=new,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    experiment_id: str | None = None
    before: int | None = None
    """Number of the last change of the page before."""


def changes(session: Session, wanted: Search, limit: int) -> Sequence[AuditRow]:
    """Return the latest changes first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if wanted.experiment_id is not None:
        query = query.where(AuditRow.experiment_id == wanted.experiment_id)
    if wanted.before is not None:
        query = query.where(AuditRow.id < wanted.before)
    return session.scalars(query).all()


def told(row: AuditRow) -> Change:
    return Change(
        id=row.id,
        at=row.at,
        who=row.who,
        source=row.source,
        token_id=row.token_id,
        address=row.address,
        action=Action(row.action),
        subject=row.subject,
        experiment_id=row.experiment_id,
        project=row.project,
        old=row.old,
        new=row.new,
    )
