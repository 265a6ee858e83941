"""The checkpoint that a full training left: whether there is one, why not, and its file.

A checkpoint is a result like any other, only larger: it is never read whole into the API's memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import fsspec
from sqlalchemy.orm import Session

from controller import artifacts, store
from controller.errors import ArtifactsAway, NoCheckpoint
from controller.experiment import ladder_of
from controller.retention import Stored
from podium import checkpoints
from podium.spec import ExperimentSpec
from podium.taxonomy import TrialState

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where the checkpoint of a full training should be."""

    trial: int
    folder: str
    epoch: int


def wanted_of(session: Session, experiment_id: str, number: int, artifacts_url: str) -> Wanted:
    """Return where a trial's checkpoint should be. Raises NoCheckpoint where by what is known there is none."""
    spec = ExperimentSpec.model_validate(store.experiment(session, experiment_id).spec)
    trial = store.trial(session, experiment_id, number)
    ladder = ladder_of(spec.fidelity)
    folder = artifacts.trial_folder(artifacts_url, experiment_id, number)
    lineage = artifacts.lineage_folder(folder, ladder, ladder.full_epochs)
    if spec.training is None:
        raise NoCheckpoint(
            f"the trials of {experiment_id!r} run a command of their own, and only that command knows what its "
            f"checkpoints mean; if it stored any with podium.trial(), they are in {lineage}"
        )
    if trial.state is not TrialState.COMPLETED:
        raise NoCheckpoint(
            f"trial {number} is {trial.state} at epoch {trial.reached_epoch} of {ladder.full_epochs}; "
            "the model of a full training is downloaded, which this one has not had"
        )
    if trial.checkpoints in (Stored.REMOVED, Stored.GONE):
        raise NoCheckpoint(_removed(spec, experiment_id, number))
    return Wanted(trial=number, folder=lineage, epoch=ladder.full_epochs)


def opened(wanted: Wanted) -> tuple[int, Iterator[bytes]]:
    """Return the file's size in bytes, and its content in chunks. Raises NoCheckpoint and ArtifactsAway."""
    try:
        path = checkpoints.newest_of(wanted.folder, epoch=wanted.epoch)
        if path is None:
            raise NoCheckpoint(
                f"{wanted.folder} holds no checkpoint of epoch {wanted.epoch}, the last of trial {wanted.trial}'s full "
                "training; if it was removed there, train the configuration again"
            )
        filesystem, _ = fsspec.core.url_to_fs(wanted.folder)
        return int(filesystem.size(path)), _chunks(filesystem, path)
    except NoCheckpoint:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise ArtifactsAway(
            f"{wanted.folder} cannot be read ({why}); the API needs to reach the artifact store"
        ) from error


def _chunks(filesystem: fsspec.AbstractFileSystem, path: str) -> Iterator[bytes]:
    with filesystem.open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _removed(spec: ExperimentSpec, experiment_id: str, number: int) -> str:
    match spec.checkpoints:
        case "none":
            remedy = "run the experiment again with `checkpoints: best`"
        case "best" | "last":
            remedy = (
                f"`podium best {experiment_id} --download` takes the best trial's, and with `checkpoints: last` an "
                "experiment keeps every trial's"
            )
        case _ as unknown:
            assert_never(unknown)
    return (
        f"the checkpoint of trial {number} of {experiment_id} is removed, as its `checkpoints: {spec.checkpoints}` "
        f"says; its configuration is left (`podium trial {experiment_id} {number}`); {remedy}"
    )
