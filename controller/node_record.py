"""How attempts ended on their nodes, over all experiments: what a judgement of nodes is made from."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.nodes import SUSPICIOUS, NodeEnding
from controller.tables import AttemptRow, RunRow


def node_endings(session: Session, since: datetime, limit: int = 2000) -> list[NodeEnding]:
    """Return how attempts ended on their nodes, the latest first; nothing where no node is suspect.

    A judgement of nodes is asked for with every Job, and nearly always none of them is to blame for anything.
    """
    suspicious = (AttemptRow.node.is_not(None), ~AttemptRow.has_progressed, AttemptRow.end_reason.in_(SUSPICIOUS))
    if session.scalar(select(AttemptRow.id).where(AttemptRow.ended_at >= since, *suspicious).limit(1)) is None:
        return []
    query = (
        select(AttemptRow.node, RunRow.experiment_id, RunRow.trial_id, AttemptRow.end_reason, AttemptRow.has_progressed)
        .join(AttemptRow.run)
        .where(AttemptRow.node.is_not(None), AttemptRow.ended_at >= since, AttemptRow.end_reason.is_not(None))
        .order_by(AttemptRow.ended_at.desc(), AttemptRow.id.desc())
        .limit(limit)
    )
    return [
        NodeEnding(node=node, experiment=experiment, trial=trial, reason=reason, has_progressed=has_progressed)
        for node, experiment, trial, reason, has_progressed in session.execute(query)
        if node is not None and reason is not None
    ]
