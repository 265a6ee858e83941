"""When everything fails at once, or the data change, no configuration is at fault: the experiment pauses, says why."""

from datetime import datetime

from sqlalchemy.orm import Session

from controller import store
from controller.tables import ExperimentRow
from controller.webhooks.outbox import announce
from podium.taxonomy import EndReason, ExperimentState
from podium.webhooks import Happening

STORM = 3
"""So many ends of one kind in a row pause their experiment."""
NAMES_THE_WRONG = "where the experiment itself names the wrong image or command, stop it and create another"


def pause_when_all_fail(session: Session, experiment_id: str, now: datetime) -> None:
    """Pause an experiment whose latest runs all ended by a bug since it was resumed last."""
    experiment = _alone_with(session, experiment_id)
    latest = store.latest_endings(session, experiment_id, STORM, since=experiment.resumed_at)
    if len(latest) == STORM and all(run.end_reason is EndReason.BUG for run in latest):
        why = (
            f"the last {STORM} runs all failed by a bug in the training command; see why with "
            f"`podium show {experiment_id}`. Mend what the command runs"
        )
        _pause(session, experiment, _said(experiment, why, NAMES_THE_WRONG), now)


def pause_when_nothing_starts(session: Session, experiment_id: str, latest_detail: str, now: datetime) -> None:
    """Pause an experiment whose latest Jobs all waited in vain for an image or a node, while none of it runs."""
    experiment = _alone_with(session, experiment_id)
    latest = store.latest_attempt_endings(session, experiment_id, STORM, since=experiment.resumed_at)
    is_storm = len(latest) == STORM and all(attempt.end_reason is EndReason.SCHEDULING for attempt in latest)
    if is_storm and not store.has_started_attempts(session, experiment_id):
        why = f"the last {STORM} Jobs could not start. The latest {latest_detail}. Provide what they wait for"
        _pause(session, experiment, _said(experiment, why, NAMES_THE_WRONG), now)


def pause_for_other_data(session: Session, experiment_id: str, why: str, now: datetime) -> None:
    """Pause an experiment of which a run found other data than its first run had; one that is paused says why too."""
    experiment = _alone_with(session, experiment_id)
    said = _said(experiment, f"{why}. Restore what that had", "to search on what is there now, create another")
    if experiment.state is ExperimentState.PAUSED:
        experiment.message = said
    _pause(session, experiment, said, now)


def _alone_with(session: Session, experiment_id: str) -> ExperimentRow:
    """Lock the experiment: ends that come at once are counted one after the other, each with those before it."""
    session.flush()
    return store.experiment(session, experiment_id, lock=True)


def _pause(session: Session, experiment: ExperimentRow, said: str, now: datetime) -> None:
    if experiment.state is ExperimentState.RUNNING:
        experiment.state, experiment.message = ExperimentState.PAUSED, said
        announce(session, experiment, Happening.PAUSED, now)


def _said(experiment: ExperimentRow, why: str, otherwise: str) -> str:
    return f"paused: {why}, then `podium resume {experiment.id}`; {otherwise}"
