"""When everything fails at once the fault is hardly each configuration's own: the experiment pauses and says why."""

from sqlalchemy.orm import Session

from controller import store
from podium.taxonomy import EndReason, ExperimentState

STORM = 3
"""So many ends of one kind in a row pause their experiment."""


def pause_when_all_fail(session: Session, experiment_id: str) -> None:
    """Pause an experiment whose latest runs all ended by a bug."""
    session.flush()
    latest = store.latest_endings(session, experiment_id, STORM)
    if len(latest) == STORM and all(run.end_reason is EndReason.BUG for run in latest):
        _pause(
            session,
            experiment_id,
            f"the last {STORM} runs all failed by a bug in the training command; see why with "
            f"`podium show {experiment_id}`, mend it",
        )


def pause_when_nothing_starts(session: Session, experiment_id: str, latest_detail: str) -> None:
    """Pause an experiment whose latest Jobs all waited in vain for an image or a node."""
    session.flush()
    latest = store.latest_attempt_endings(session, experiment_id, STORM)
    if len(latest) == STORM and all(attempt.end_reason is EndReason.SCHEDULING for attempt in latest):
        _pause(session, experiment_id, f"the last {STORM} Jobs could not start. The latest {latest_detail}. Mend that")


def _pause(session: Session, experiment_id: str, why: str) -> None:
    experiment = store.experiment(session, experiment_id, lock=True)
    if experiment.state is ExperimentState.RUNNING:
        experiment.state = ExperimentState.PAUSED
        experiment.message = f"paused: {why}, then `podium resume {experiment_id}`"
