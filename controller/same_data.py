"""All trials of an experiment are compared on the same images: its first run says on which, the others are held to it.

Other images are no configuration's fault. The attempt that found them is told to leave, which costs its trial nothing,
and the experiment pauses: what changed under a search has changed for every trial to come.
"""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from controller import store, storms
from controller.errors import Superseded
from controller.tables import ExperimentRow
from podium.taxonomy import AttemptState
from podium.wire import DataDigests

SHOWN = 12
"""Digits of a digest that tell two of them apart for a person."""


def hold_to_the_first(session: Session, job: str, told: DataDigests, now: datetime) -> str | None:
    """Keep what the first run tells; of a later one that differs, return how, once the experiment is paused.

    Telling it again changes nothing. Raises Superseded for an attempt that has ended.
    """
    attempt = store.lock_attempt(session, job)
    if attempt.state in (AttemptState.REPORTED, AttemptState.ENDED):
        raise Superseded(f"attempt {job!r} has ended; exit")
    trial = attempt.run.trial
    first = _first(session, trial.experiment, told)
    if first == told:
        return None
    why = f"trial {trial.number} {_difference(first, told)}"
    storms.pause_for_other_data(session, trial.experiment_id, why, now)
    remedy = f"restore those, then `podium resume {trial.experiment_id}`; for these, start a new experiment"
    return f"{why}; {remedy}"


def _first(session: Session, experiment: ExperimentRow, told: DataDigests) -> DataDigests:
    """Return what was told first: this, if nothing was before."""
    if experiment.data is None:
        unknown = update(ExperimentRow).where(ExperimentRow.id == experiment.id, ExperimentRow.data.is_(None))
        session.execute(unknown.values(data=told.model_dump()).execution_options(synchronize_session=False))
        session.refresh(experiment, ["data"])  # of two that come at once, the other may have been the first
    return DataDigests.model_validate(experiment.data)


def _difference(first: DataDigests, told: DataDigests) -> str:
    if told.images != first.images:
        return f"has other images ({told.images[:SHOWN]}) than the experiment's first run had ({first.images[:SHOWN]})"
    return (
        f"holds out other images ({told.held_out[:SHOWN]}) than the experiment's first run did "
        f"({first.held_out[:SHOWN]}), as another version of the worker may"
    )
