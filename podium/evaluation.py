"""What a trained trial is judged on once the search is over: everything that the work needs, and no key to anything.

The controller writes it, `podium evaluate` or a Job hands it to `python -m worker.evaluate` in the variable below. That
process asks nobody anything: it reads data and checkpoint, and writes results beside those of the training.
"""

from typing import Annotated

from pydantic import Field

from podium.contract import Contract
from podium.parameters import Configuration
from podium.trainer import Training

EVALUATION_VARIABLE = "PODIUM_EVALUATION"
"""Holds an Evaluation as JSON."""
ONE_PART_ONLY = ("digits", "eurosat", "caltech101")


class Evaluation(Contract):
    """One trial, trained in full, and the test part that it is judged on."""

    experiment: str
    trial: Annotated[int, Field(ge=1)]
    training: Training
    configuration: Configuration
    epoch: Annotated[int, Field(ge=1)]
    """The last of the full training, after which the checkpoint was taken."""
    checkpoints: str
    """fsspec URL of the folder of the full training's checkpoints."""
    results: str
    """fsspec URL of the folder of its results on the validation images, which name the labels that it learned."""
    test: str
    """fsspec URL of the folder for the results on the test images."""


def why_no_test_part(training: Training) -> str | None:
    """Say why there is nothing to judge a trial on that a search has not seen; None where there is."""
    if training.dataset in ONE_PART_ONLY:
        return f"{training.dataset} has no test part; hold some of its images back in a data set of your own"
    if training.dataset == "image_folder" and training.test_data is None:
        return (
            "an image_folder has no test part of its own; name a second folder of images that no search saw, "
            "as `training.test_data` or with `podium evaluate --test-data`"
        )
    return None
