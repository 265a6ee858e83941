"""What workers ask. Each request carries a run token, which is good for one attempt."""

import structlog
from fastapi import APIRouter

from controller import artifacts, runs, store
from controller.api.collaborators import Job, Needed, Now, Transaction
from controller.errors import Superseded
from controller.experiment import ladder_of
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState
from podium.wire import MeasurementAnswer, MeasurementReport, RunAssignment

log = structlog.get_logger()
router = APIRouter(prefix="/run", tags=["worker"])
MEASUREMENTS = "/run/measurements"


@router.get("")
def read_assignment(session: Transaction, job: Job, needed: Needed) -> RunAssignment:
    """Say what the attempt is to train. 409 when a newer attempt has taken its place."""
    attempt = store.lock_attempt(session, job)
    if attempt.state is AttemptState.ENDED:
        raise Superseded(f"attempt {job!r} has ended; exit")
    run, trial = attempt.run, attempt.run.trial
    spec = ExperimentSpec.model_validate(trial.experiment.spec)
    last = store.last_measurement(session, trial.id)
    return RunAssignment(
        experiment=trial.experiment_id,
        trial=trial.number,
        run=run.number,
        attempt=attempt.number,
        configuration=trial.configuration,
        training=spec.training,
        from_epoch=run.from_epoch,
        to_epoch=run.to_epoch,
        full_epochs=ladder_of(spec.fidelity).full_epochs,
        reported_epoch=last.epoch if last else 0,
        objective=spec.objective.metric,
        seed=spec.seed,
        checkpoints=artifacts.trial_folder(needed.artifacts_url, trial.experiment_id, trial.number),
    )


@router.post("/measurements")
def record_measurement(report: MeasurementReport, session: Transaction, job: Job, now: Now) -> MeasurementAnswer:
    """Store one epoch's results and answer with the verdict. Sending a report again changes nothing."""
    verdict = runs.record(session, job, report, now)
    log.debug("epoch reported", epoch=report.epoch, verdict=verdict)
    return MeasurementAnswer(verdict=verdict)
