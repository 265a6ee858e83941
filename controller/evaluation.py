"""What a trial's evaluation on the test part needs, from rows; and in which Pod it would run.

It is neither a run nor an observation: nothing is stored of it here, and it costs no budget (docs/decisions/0019).
"""

from dataclasses import dataclass
from typing import assert_never

from pydantic import ValidationError
from sqlalchemy.orm import Session

from controller import artifacts, store
from controller.errors import InvalidRequest, NothingToEvaluate
from controller.experiment import Ladder, ladder_of
from controller.jobs import shape_of
from controller.retention import Stored
from controller.tables import TrialRow
from podium.evaluation import Evaluation, why_no_test_part
from podium.fault import Fault
from podium.pod import PodShape
from podium.spec import ExperimentSpec
from podium.taxonomy import TrialState
from podium.trainer import Training


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which trial is to be judged, and on what."""

    experiment: str
    trial: int
    test_data: str | None = None
    """In place of the experiment's own `training.test_data`."""


def evaluation_of(session: Session, asked: Asked, artifacts_url: str) -> Evaluation:
    """Return what the evaluation of a trial needs. Raises NotFound, NothingToEvaluate and InvalidRequest."""
    spec = ExperimentSpec.model_validate(store.experiment(session, asked.experiment).spec)
    trial = store.trial(session, asked.experiment, asked.trial)
    ladder = ladder_of(spec.fidelity)
    if spec.training is None:
        raise NothingToEvaluate(
            f"the trials of {asked.experiment!r} run a command of their own; only what the built-in trainer has "
            "trained is evaluated, which a `training` section starts"
        )
    _refuse_what_has_no_model(spec, trial, ladder)
    training = spec.training if asked.test_data is None else _with_test_data(spec.training, asked.test_data)
    if (why := why_no_test_part(training)) is not None:
        raise NothingToEvaluate(why)
    folder = artifacts.trial_folder(artifacts_url, asked.experiment, asked.trial)
    return Evaluation(
        experiment=asked.experiment,
        trial=asked.trial,
        training=training,
        configuration=trial.configuration,
        epoch=ladder.full_epochs,
        checkpoints=artifacts.lineage_folder(folder, ladder, ladder.full_epochs),
        results=artifacts.results_folder(folder),
        test=artifacts.results_folder(folder, "test"),
    )


def shape_for_evaluation(session: Session, asked: Asked, defaults: PodShape) -> PodShape:
    """Return the Pod of a full training, in which it is judged. Raises NothingToEvaluate without an image."""
    spec = ExperimentSpec.model_validate(store.experiment(session, asked.experiment).spec)
    shape = shape_of(spec, ladder_of(spec.fidelity).rungs[-1].name, defaults)
    if shape.image is None:
        raise NothingToEvaluate(
            "this controller knows no image for a Pod: its workers are processes of its own machine; run "
            f"`podium evaluate {asked.experiment} {asked.trial}` there, or set PODIUM_WORKER_IMAGE for its API"
        )
    return shape


def _refuse_what_has_no_model(spec: ExperimentSpec, trial: TrialRow, ladder: Ladder) -> None:
    """Raise NothingToEvaluate unless the trial was trained in full and, as far as is known, its checkpoint is there."""
    of, best = trial.experiment_id, f"`podium evaluate {trial.experiment_id}` takes the best that was"
    if trial.state is not TrialState.COMPLETED:
        raise NothingToEvaluate(
            f"trial {trial.number} of {of} is {trial.state} at epoch {trial.reached_epoch} of {ladder.full_epochs}; "
            f"only what was trained in full is evaluated: {best}"
        )
    if trial.checkpoints not in (Stored.REMOVED, Stored.GONE):
        return
    match spec.checkpoints:
        case "none":
            remedy = "run the experiment again with `checkpoints: best`"
        case "best" | "last":
            remedy = f"{best}, and with `checkpoints: last` an experiment keeps every trial's"
        case _ as unknown:
            assert_never(unknown)
    raise NothingToEvaluate(
        f"the checkpoint of trial {trial.number} of {of} is removed, as its `checkpoints: {spec.checkpoints}` says; "
        f"{remedy}"
    )


def _with_test_data(training: Training, test_data: str) -> Training:
    try:
        return Training.model_validate(training.model_dump(exclude_unset=True) | {"test_data": test_data})
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        fault = Fault(path="test_data", found=test_data, allowed=why)
        raise InvalidRequest("the trial cannot be evaluated on these data", [fault]) from None
