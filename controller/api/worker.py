"""What workers ask. Each request carries a run token, which is good for one attempt."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from fastapi import APIRouter, status
from starlette.concurrency import run_in_threadpool

from controller import artifacts, environments, recording, same_data, store, under_way
from controller.api.collaborators import Job, Needed, Now, Transaction
from controller.database import Sessions, transaction
from controller.errors import OtherData, Superseded
from controller.experiment import ladder_of
from podium.environment import Environment
from podium.parameters import Parameter
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, Verdict
from podium.trainer import Training
from podium.wire import DataDigests, MeasurementAnswer, MeasurementReport, RunAssignment, UnderWay

log = structlog.get_logger()
router = APIRouter(prefix="/run", tags=["worker"])
MEASUREMENTS = "/run/measurements"


@router.get("", response_model_exclude_unset=True)  # during an upgrade a worker refuses fields that it does not know
def read_assignment(session: Transaction, job: Job, needed: Needed) -> RunAssignment:
    """Say what the attempt is to train. 409 when a newer attempt has taken its place."""
    attempt = store.lock_attempt(session, job)
    if attempt.state is AttemptState.ENDED:
        raise Superseded(f"attempt {job!r} has ended; exit")
    run, trial = attempt.run, attempt.run.trial
    spec = ExperimentSpec.model_validate(trial.experiment.spec)
    ladder = ladder_of(spec.fidelity)
    rung = ladder.rung_to(run.to_epoch)
    folder = artifacts.trial_folder(needed.artifacts_url, trial.experiment_id, trial.number)
    assignment = RunAssignment(
        experiment=trial.experiment_id,
        trial=trial.number,
        run=run.number,
        attempt=attempt.number,
        configuration=trial.configuration,
        training=spec.training.without_test_data() if spec.training else None,
        from_epoch=run.from_epoch,
        to_epoch=run.to_epoch,
        full_epochs=ladder.full_epochs,
        reported_epoch=run.reached_epoch,
        objective=spec.objective.metric,
        seed=spec.seed,
        checkpoints=artifacts.lineage_folder(folder, ladder, run.to_epoch),
    )
    more: dict[str, object] = {}  # an older worker knows none of them: none is sent without need
    if spec.training is not None and run.to_epoch == ladder.full_epochs:  # scripts of one's own write none
        more["results"] = artifacts.results_folder(folder)
    if spec.training is not None and _shares(spec.training, spec.parameters):
        more["shared"] = artifacts.shared_folder(needed.artifacts_url, trial.experiment_id)
    if spec.trial is not None and spec.trial.progressSeconds is not None:
        more["progress_seconds"] = spec.trial.progressSeconds
    if not ladder.sees_the_same(run.to_epoch, ladder.full_epochs):
        more |= {"data_share": rung.data_share, "image_size": rung.image_size}
    return assignment.model_copy(update=more)


def _shares(training: Training, parameters: Mapping[str, Parameter]) -> bool:
    """Say whether there is something that is worth finding out once for all trials."""
    return training.trainable != "all" or "trainable" in parameters or training.precision == "auto"


@router.post("/data", status_code=status.HTTP_204_NO_CONTENT)
async def tell_data(told: DataDigests, needed: Needed, job: Job, now: Now) -> None:
    """Hold a run to the data of the experiment's first. 409 when they differ; the experiment is paused then."""
    async with needed.turns:
        difference = await run_in_threadpool(_hold_to_the_first, needed.sessions, job, told, now)
    if difference is not None:
        raise OtherData(difference)


def _hold_to_the_first(sessions: Sessions, job: str, told: DataDigests, now: datetime) -> str | None:
    with transaction(sessions) as session:
        return same_data.hold_to_the_first(session, job, told, now)


@router.post("/environment", status_code=status.HTTP_204_NO_CONTENT)
async def tell_environment(told: Environment, needed: Needed, job: Job) -> None:
    """Keep what an attempt is trained with and on. The latest word counts. 409 when it has ended."""
    async with needed.turns:
        await run_in_threadpool(_keep_environment, needed.sessions, job, told)


def _keep_environment(sessions: Sessions, job: str, told: Environment) -> None:
    with transaction(sessions) as session:
        environments.keep(session, job, told)


@router.post("/measurements")
async def record_measurement(report: MeasurementReport, needed: Needed, job: Job, now: Now) -> MeasurementAnswer:
    """Store one epoch's results and answer with the verdict. Sending a report again changes nothing."""
    async with needed.turns:
        verdict = await run_in_threadpool(_record, needed.sessions, job, report, now)
    log.debug("epoch reported", epoch=report.epoch, verdict=verdict)
    return MeasurementAnswer(verdict=verdict)


def _record(sessions: Sessions, job: str, report: MeasurementReport, now: datetime) -> Verdict:
    """Open, use and commit a transaction in one stretch: of all that is asked, this is asked most."""
    with transaction(sessions) as session:
        return recording.record(session, job, report, now)


@router.post("/progress")
async def note_progress(told: UnderWay, needed: Needed, job: Job, now: Now) -> MeasurementAnswer:
    """Note how far an epoch is and answer with the verdict. The latest word counts; none of them is a result."""
    async with needed.turns:
        verdict = await run_in_threadpool(_note, needed.sessions, job, told, now)
    return MeasurementAnswer(verdict=verdict)


def _note(sessions: Sessions, job: str, told: UnderWay, now: datetime) -> Verdict:
    with transaction(sessions) as session:
        return under_way.note(session, job, told, now)
