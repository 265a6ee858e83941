"""The last word on a trial: its model, on images that neither its training nor its choice has seen.

It trains nothing, reports nothing, and changes nothing of the search; done again, it comes to the same results.
"""

import logging
import math

import torch

from podium.evaluation import Evaluation
from podium.results import Summary
from podium.trainer import Training
from worker.course import Course
from worker.held_back import open_test_part
from worker.images import Images, UnusableData
from worker.learner import UnusableCheckpoint
from worker.machine import Machine
from worker.results.attributes import attributes_of
from worker.results.summary import Labels, summarize
from worker.results.writing import store
from worker.settings import UnusableSettings, tuned
from worker.split import Split
from worker.tally import NOTHING, never_leave
from worker.trained import NotTrained, summary_of_training, trained_learner
from worker.training import evaluate

_log = logging.getLogger("podium")


class NotStored(Exception):
    """The storage did not take the results."""


FAULTS = (NotStored, NotTrained, UnusableCheckpoint, UnusableData, UnusableSettings)
"""What a person can mend; the message says how."""


def evaluate_trial(evaluation: Evaluation, machine: Machine) -> Summary:
    """Judge a trial on the test part, and store what came of it. Raises FAULTS."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    before = summary_of_training(evaluation)
    classes = [each.name for each in before.classes]
    learner = trained_learner(evaluation, classes, device)
    training = tuned(evaluation.training, evaluation.configuration)
    labels = _labels(training, classes)
    images = open_test_part(training, machine, classes)
    if images.content == before.data_digest:
        raise UnusableData("the test part is what the trial was trained on; name images that no search saw")
    course = Course.of(training, images, _all_of(images), seed=0, trial=evaluation.trial)
    score, predictions = evaluate(learner, course, epoch=evaluation.epoch, trained=NOTHING, watch=never_leave)
    if not math.isfinite(score.loss):
        raise UnusableCheckpoint(f"the loss on the test images is {score.loss}: such a model cannot be judged")
    summary = summarize([predictions], labels, images, epoch=evaluation.epoch, part="test")
    try:
        store(evaluation.test, summary, predictions, images)
    except UnusableData:
        raise
    except Exception as error:
        raise NotStored(f"the results could not be written to {evaluation.test}: {error}; see to the store") from error
    _log.info(
        "podium: trial %d of %s is right about %.2f%% of %d test images; the results are in %s",
        evaluation.trial,
        evaluation.experiment,
        100 * summary.top1,
        summary.images,
        evaluation.test,
    )
    return summary


def _labels(training: Training, classes: list[str]) -> Labels:
    source = training.label_attributes
    return Labels(classes=classes, attributes=None if source is None else attributes_of(source, classes))


def _all_of(images: Images) -> Split:
    everything = torch.arange(len(images.labels))
    return Split(train=everything[:0], validation=everything)
