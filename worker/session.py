"""One run from its assignment to its last report: the only place where training and reporting meet."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn

import torch

from podium.sdk import Trial
from podium.trainer import Training
from worker.cohort import Cohort, courses_of, of_distinct_images
from worker.course import Course
from worker.data import open_images
from worker.equipment import equipped
from worker.images import Images, UnusableData
from worker.learner import Task, UnusableCheckpoint, least_of
from worker.loader_process import LoaderDied
from worker.machine import Machine
from worker.parts import Share
from worker.results.attributes import attributes_of
from worker.results.summary import Labels
from worker.results.writing import write_results
from worker.settings import UnusableSettings, settings_of
from worker.split import BatchTooLarge, digest_of
from worker.spread import rate_of_all, with_standard_errors
from worker.tally import Tally
from worker.telling import Telling
from worker.together import SINGLE, Together
from worker.training import Diverged, EpochResult


def train(trial: Trial, machine: Machine, together: Together = SINGLE) -> None:
    """Train the trial to its target, and report each epoch. A fault of the set-up ends the process in one line.

    Of several processes that train it together, the first alone reports and stores.
    """
    try:
        training = settings_of(trial.assignment)
        _refuse_what_cannot_train(trial, training)
        images = open_images(training, machine)
        share = Share(rank=together.rank, least=least_of(training))
        courses = courses_of(training, images, seed=trial.seed, trial=trial.number, share=trial.data_share)
        labels = _labels(training, images)
        cohort = _cohort(trial, training, [replace(course, share=share) for course in courses], together)
        held_out = of_distinct_images(training, [course.split.validation.numpy() for course in courses])
        together.told(trial.tell_environment)
        together.told(lambda: trial.tell_data(images=images.content, held_out=digest_of(*held_out)))
        with trial.deferring(), equipped(trial, cohort, machine, together):
            _train_and_report(trial, cohort, labels, together)
    except BatchTooLarge as error:
        _refuse_batch(trial, str(error), together)
    except Diverged as error:
        why = str(error)
        together.told(lambda: trial.infeasible(why))
    except (UnusableSettings, UnusableData, UnusableCheckpoint, LoaderDied) as error:
        _fail(error)


def _labels(training: Training, images: Images) -> Labels:
    """Return the labels with their attributes, read before any training: a fault in them must not wait for its end."""
    source = training.label_attributes
    attributes = None if source is None else attributes_of(source, images.classes)
    return Labels(classes=images.classes, attributes=attributes)


def _cohort(trial: Trial, training: Training, courses: Sequence[Course], together: Together) -> Cohort:
    """Return the trainings as the trial left them."""
    checkpoint = together.told(trial.load_checkpoint)  # before models are built: there may be nothing left to train
    trial.start_epoch = 0 if checkpoint is None else checkpoint.epoch
    task = Task(classes=len(courses[0].images.classes), full_epochs=trial.full_epochs)
    cohort = Cohort.of(courses, training, task, _device())
    for member in cohort.members:
        member.learner.together = together
    if checkpoint is not None:
        cohort.restore(checkpoint.data)
    return cohort


def _train_and_report(trial: Trial, cohort: Cohort, labels: Labels, together: Together) -> None:
    telling = Telling(trial=trial, images=sum(len(member.course.split.train) for member in cohort.members))

    def leave_or_tell(epoch: int) -> None:
        if trial.is_leaving:
            trial.leave(cohort.to_bytes(epoch, is_midway=True))
        telling.tell(epoch, cohort.trained)

    def watch(epoch: int, _trained: Tally) -> None:
        together.told(lambda: leave_or_tell(epoch))

    def report(results: Sequence[EpochResult]) -> None:
        epoch = results[0].epoch
        if trial.assignment.results is not None and epoch == trial.full_epochs:
            # before the report: with that the run has ended, and nobody would write what a killed worker did not
            _write_results(trial.assignment.results, cohort, results, labels)
        trial.report(
            epoch=epoch,
            checkpoint=cohort.to_bytes(epoch),
            samples_per_second=rate_of_all([result.samples_per_second for result in results]),
            **with_standard_errors([_measured(result) for result in results]),
        )

    for results in cohort.fit(together.led(trial.epochs()), watch):
        together.told(partial(report, results))


def _write_results(folder: str, cohort: Cohort, results: Sequence[EpochResult], labels: Labels) -> None:
    """Write what is said of the images held out: of all of them, where folds each held out their own."""
    first = cohort.members[0]
    by_fold = of_distinct_images(first.learner.training, [result.predictions for result in results])
    write_results(folder, by_fold, labels, first.course.images, epoch=results[0].epoch)


def _measured(result: EpochResult) -> dict[str, float]:
    return {
        "val_accuracy": result.validation.accuracy,
        "val_loss": result.validation.loss,
        "train_accuracy": result.train.accuracy,
        "train_loss": result.train.loss,
    }


def _refuse_what_cannot_train(trial: Trial, training: Training) -> None:
    if training.optimizer == "sgd" and training.nesterov and training.momentum == 0:
        trial.infeasible("nesterov needs a momentum above 0")
    if training.batch_size == 1 and training.trainable != "head":
        trial.infeasible("batch_size 1 cannot train BatchNorm, which normalizes over the batch; use 2 or more")


def _refuse_batch(trial: Trial, why: str, together: Together) -> None:
    """Leave: as infeasible where the size is searched; by a fault where the experiment fixes it for every trial."""
    if "batch_size" in trial.parameters:
        together.told(lambda: trial.infeasible(why))
    sys.stderr.write(f"podium: {why}\n")
    raise SystemExit(1)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _fail(error: Exception) -> NoReturn:
    sys.stderr.write(f"podium: {error}\n")
    raise SystemExit(1)
