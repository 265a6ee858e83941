"""A model as its full training left it: the one place that knows how to get it back once the training is over."""

from collections.abc import Sequence
from typing import NoReturn

import fsspec
import torch
from pydantic import ValidationError

from podium import checkpoints
from podium.checkpoints import Checkpoint
from podium.evaluation import Evaluation
from podium.results import SUMMARY, Summary
from worker.learner import Learner, Task, build_learner
from worker.packing import unpacked
from worker.settings import tuned


class NotTrained(Exception):
    """What a full training leaves is not there; the message says what, and what to do."""


def trained_learner(evaluation: Evaluation, classes: Sequence[str], device: torch.device) -> Learner:
    """Return the learner after the last epoch of the full training; of folds or repeats, the first one's.

    Raises NotTrained without a checkpoint of it, UnusableCheckpoint for one of another model, UnusableSettings.
    """
    checkpoint = _last_checkpoint(evaluation)
    # the weights that it began with are all replaced: they need not be here, nor be downloaded
    training = tuned(evaluation.training, evaluation.configuration).model_copy(update={"weights": "none"})
    learner = build_learner(training, Task(classes=len(classes), full_epochs=evaluation.epoch), device)
    learner.restore(unpacked(checkpoint.data)[0])
    return learner


def summary_of_training(evaluation: Evaluation) -> Summary:
    """Return what the training said of its validation images: it names the labels, in the order of their numbers.

    Raises NotTrained.
    """
    url = f"{evaluation.results}/{SUMMARY}"
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        return Summary.model_validate_json(filesystem.cat_file(path))
    except ValidationError:
        raise NotTrained(f"{url} is damaged, or of another version of Podium than this one") from None
    except FileNotFoundError:
        raise NotTrained(
            f"there is no {url}, which names the labels that trial {evaluation.trial} learned; {_elsewhere(evaluation)}"
        ) from None
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own
        _refuse(url, error)


def _last_checkpoint(evaluation: Evaluation) -> Checkpoint:
    try:
        found = checkpoints.load(evaluation.checkpoints, up_to_epoch=evaluation.epoch)
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own
        _refuse(evaluation.checkpoints, error)
    if found is None or found.is_midway or found.epoch < evaluation.epoch:
        held = "no checkpoint" if found is None else f"{found}, and none"
        raise NotTrained(
            f"{evaluation.checkpoints} holds {held} of epoch {evaluation.epoch}, the last of a full training; "
            f"{_elsewhere(evaluation)}"
        )
    return found


def _elsewhere(evaluation: Evaluation) -> str:
    asked = f"podium evaluate {evaluation.experiment} {evaluation.trial} --manifest"
    return (
        f"run this where the artifact store is seen (on Kubernetes: `{asked}`), or if it was removed there, "
        "run the experiment again"
    )


def _refuse(url: str, error: Exception) -> NoReturn:
    first_line = next(iter(str(error).splitlines()), "")
    raise NotTrained(
        f"{url} cannot be read ({type(error).__name__}: {first_line}); this process needs to reach the artifact store"
    ) from error
