"""How far an epoch has come, noted beside its attempt: one statement, and no entity. It is shown, and never a result.

The verdict goes back with it, so that what is to stop does not wait for the end of a long epoch. Nothing of a part of
an epoch is held against other runs: a training loss, over weights that still change, is no value of the objective.
"""

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from controller import runs, store
from controller.errors import Superseded
from controller.tables import AttemptRow, ExperimentRow, RunRow
from podium.taxonomy import AttemptState, EndReason, ExperimentState, Verdict
from podium.wire import UnderWay

_NOTE = (
    update(AttemptRow)
    .where(AttemptRow.job == bindparam("of"), AttemptRow.state.in_((AttemptState.PENDING, AttemptState.RUNNING)))
    .where(RunRow.id == AttemptRow.run_id, RunRow.is_stop_requested.is_(False))
    .where(ExperimentRow.id == RunRow.experiment_id, ExperimentRow.state != ExperimentState.STOPPED)
    .values(under_way=bindparam("told"), heard_at=bindparam("at"))
)
"""Changes, and locks, nothing of what is to stop: that locks the run first, as everything does that ends one."""


def note(session: Session, job: str, under_way: UnderWay, now: datetime) -> Verdict:
    """Note how far an epoch is and answer with the verdict. The latest word counts, and may be sent again.

    Where the run is to stop, it ends in this very transaction with what its whole epochs left. Raises Superseded for an
    attempt that has ended.
    """
    given = {"of": job, "told": under_way.model_dump(mode="json"), "at": now}
    if session.connection().execute(_NOTE, given).rowcount == 1:
        return Verdict.CONTINUE
    attempt = store.lock_attempt(session, job)
    if attempt.end_reason is EndReason.STOPPED:
        return Verdict.STOP
    if attempt.state in (AttemptState.REPORTED, AttemptState.ENDED):
        raise Superseded(f"attempt {job!r} has ended; exit")
    runs.finish(session, job, EndReason.STOPPED, now)
    return Verdict.STOP
