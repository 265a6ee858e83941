"""The verbs of an experiment's life: create, pause, resume, change, stop, delete. What happens to runs is in `runs`."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from controller import audit, store
from controller.database import wake_reconciler
from controller.errors import AlreadyEnded, KeyReused, NothingToStop, StillRunning
from controller.experiment import ladder_of
from controller.retention import Stored
from controller.runs import Order, add_trial
from controller.tables import DeletedExperimentRow, ExperimentRow, TrialRow
from controller.warm_start import with_guesses
from controller.webhooks.outbox import announce
from podium.access import DEFAULT_PROJECT
from podium.audit import Action
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState
from podium.webhooks import Happening
from podium.wire import ExperimentChange, Reasons


def create(  # noqa: PLR0913  # all but two are named
    session: Session,
    spec: ExperimentSpec,
    *,
    suffixes: Iterator[str],
    key: str | None,
    now: datetime,
    project: str = DEFAULT_PROJECT,
) -> tuple[ExperimentRow, bool]:
    """Store an experiment, with its baseline as the first trial; say also whether it is new.

    The same key and spec again change nothing. The id is the name with the first of `suffixes` that is free.
    Raises KeyReused when the key came with another spec, and InvalidSpec when it names experiments to start from that
    it cannot start from.
    """
    document = _stored(spec)
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    store.serialize_creation(session)
    if key is not None and (known := store.experiment_of_key(session, project, key)) is not None:
        if known.request_digest != digest:
            raise KeyReused(f"Idempotency-Key {key!r} made {known.id!r} from another spec; use a new key for a new one")
        return known, False
    if spec.warm_start:
        document = _stored(with_guesses(session, spec))
    experiment = ExperimentRow(
        id=_free_id(session, spec.name, suffixes),
        project=project,
        name=spec.name,
        state=ExperimentState.RUNNING,
        message="",
        spec=document,
        idempotency_key=key,
        request_digest=digest,
        created_at=now,
    )
    session.add(experiment)
    session.flush()
    if spec.baseline is not None:
        full = ladder_of(spec.fidelity).full_epochs
        first = store.Newest(trial=0, run=0)
        order = Order(to_epochs=full, reasons=Reasons(source="baseline"), now=now, newest=first)
        add_trial(session, experiment, spec.baseline, order)
    announce(session, experiment, Happening.CREATED, now)
    audit.note(session, Action.CREATED, experiment, new={"spec": document})
    wake_reconciler(session)
    return experiment, True


def _stored(spec: ExperimentSpec) -> dict[str, object]:
    """Return the spec as it is kept. What was not given is left out: an older version need not know of it."""
    document = spec.model_dump(mode="json", exclude_none=True)
    if spec.fidelity.resumable:
        del document["fidelity"]["resumable"]
    if not spec.stop_early:
        del document["stop_early"]
    return {key: section for key, section in document.items() if section != []}


def pause(session: Session, experiment_id: str, now: datetime) -> ExperimentRow:
    """Start nothing new; runs in flight finish. Pausing twice changes nothing. Raises AlreadyEnded."""
    experiment = _alive(session, experiment_id)
    was_running = experiment.state is ExperimentState.RUNNING
    if was_running:
        audit.note(session, Action.PAUSED, experiment)
    experiment.state = ExperimentState.PAUSED
    experiment.message = "paused by a user; runs in flight finish, `podium resume` continues"
    if was_running:
        announce(session, experiment, Happening.PAUSED, now)
    return experiment


def resume(session: Session, experiment_id: str, now: datetime) -> ExperimentRow:
    """Start runs again, whatever failed before. Resuming a running experiment changes nothing. Raises AlreadyEnded."""
    experiment = _alive(session, experiment_id)
    was_paused = experiment.state is ExperimentState.PAUSED
    if was_paused:
        experiment.resumed_at = now
        audit.note(session, Action.RESUMED, experiment)
    experiment.state = ExperimentState.RUNNING
    experiment.message = ""
    if was_paused:
        announce(session, experiment, Happening.RESUMED, now)
    wake_reconciler(session)
    return experiment


def change(session: Session, experiment_id: str, wanted: ExperimentChange, now: datetime) -> ExperimentRow:
    """Change limits of the budget or the parallelism from now on; runs in flight finish. Raises AlreadyEnded."""
    experiment = _alive(session, experiment_id)
    changed = wanted.model_dump(mode="json", exclude_none=True)
    budget = experiment.spec["budget"] | changed.pop("budget", {})
    before, after = experiment.spec, experiment.spec | changed | {"budget": budget}
    experiment.spec = after
    differing = [name for name in ("budget", "parallelism") if before.get(name) != after.get(name)]
    if differing:
        old, new = ({name: spec.get(name) for name in differing} for spec in (before, after))
        audit.note(session, Action.CHANGED, experiment, old=old, new=new)
    announce(session, experiment, Happening.CHANGED, now)
    wake_reconciler(session)
    return experiment


def stop(session: Session, experiment_id: str, now: datetime) -> ExperimentRow:
    """End an experiment: its Jobs are deleted, what they reported stays. Raises AlreadyEnded when it completed."""
    experiment = store.experiment(session, experiment_id, lock=True)
    if experiment.state is ExperimentState.STOPPED:
        return experiment
    if experiment.state is ExperimentState.COMPLETED:
        raise AlreadyEnded(f"experiment {experiment_id!r} has completed already; its results stay")
    audit.note(session, Action.STOPPED, experiment, old={"state": experiment.state})
    experiment.state = ExperimentState.STOPPED
    experiment.message = "stopped by a user; its results stay"
    experiment.ended_at = now
    announce(session, experiment, Happening.STOPPED, now)
    wake_reconciler(session)
    return experiment


def complete(session: Session, experiment: ExperimentRow, message: str, now: datetime) -> None:
    """End an experiment that has nothing left to start and nothing in flight."""
    experiment.state = ExperimentState.COMPLETED
    experiment.message = message
    experiment.ended_at = now
    announce(session, experiment, Happening.COMPLETED, now)


def delete(session: Session, experiment_id: str, now: datetime) -> None:
    """Forget an experiment and everything of it; its checkpoints go later. Raises StillRunning while it may run."""
    experiment = store.experiment(session, experiment_id, lock=True)
    if experiment.state in (ExperimentState.RUNNING, ExperimentState.PAUSED):
        raise StillRunning(f"experiment {experiment_id!r} is {experiment.state}; `podium stop` it first")
    if store.has_live_attempts(session, experiment_id):
        raise StillRunning(f"the last runs of {experiment_id!r} are still ending; try again in a few seconds")
    announce(session, experiment, Happening.DELETED, now)
    audit.note(session, Action.DELETED, experiment, old={"spec": experiment.spec, "state": experiment.state})
    session.delete(experiment)
    session.add(DeletedExperimentRow(id=experiment_id, checkpoints=Stored.KEPT, deleted_at=now))
    wake_reconciler(session)


def stop_trial(session: Session, experiment_id: str, number: int) -> TrialRow:
    """Have the trial's run end at its next report, keeping what it reached. Raises NothingToStop."""
    experiment = store.experiment(session, experiment_id)
    trial = store.trial(session, experiment_id, number)
    run = store.live_run(session, trial.id)
    if run is None:
        raise NothingToStop(
            f"trial {number} of {experiment_id!r} is {trial.state}; only a running trial can be stopped"
        )
    if not run.is_stop_requested:
        audit.note(session, Action.TRIAL_STOPPED, experiment, new={"trial": number, "run": run.number})
    run.is_stop_requested = True
    wake_reconciler(session)
    return trial


def _free_id(session: Session, name: str, suffixes: Iterator[str]) -> str:
    """Return an id that neither an experiment has nor one whose checkpoints are still being removed."""
    wanted = (f"{name}-{suffix}" for suffix in suffixes)
    tables = (ExperimentRow, DeletedExperimentRow)
    return next(each for each in wanted if all(session.get(table, each) is None for table in tables))


def _alive(session: Session, experiment_id: str) -> ExperimentRow:
    experiment = store.experiment(session, experiment_id, lock=True)
    if experiment.state in (ExperimentState.STOPPED, ExperimentState.COMPLETED):
        raise AlreadyEnded(f"experiment {experiment_id!r} is {experiment.state} and stays so; create a new one")
    return experiment
