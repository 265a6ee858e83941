"""One run from its assignment to its last report: the only place where training and reporting meet."""

import sys
from dataclasses import replace
from functools import partial
from typing import NoReturn

import torch

from podium.leaving import Preempted
from podium.sdk import Trial
from podium.trainer import Training
from worker.course import Course
from worker.data import open_images
from worker.fastest import fastest_precision
from worker.features import Features, Source, features_of
from worker.images import Images, UnusableData
from worker.learner import Learner, Task, UnusableCheckpoint, build_learner, least_of
from worker.machine import Machine, sharing
from worker.parts import Share
from worker.results.attributes import attributes_of
from worker.results.summary import Labels
from worker.results.writing import write_results
from worker.seeding import seed_everything
from worker.settings import UnusableSettings, settings_of
from worker.split import digest_of, split_by_label
from worker.tally import NOTHING, Tally
from worker.telling import Telling
from worker.together import SINGLE, Together
from worker.training import Diverged, EpochResult, fit

FOR_TRIAL = 3
"""Sets a trial's own randomness apart from the experiment's split and order."""


def train(trial: Trial, machine: Machine, together: Together = SINGLE) -> None:
    """Train the trial to its target, and report each epoch. A fault of the set-up ends the process in one line.

    Of several processes that train it together, the first alone reports and stores.
    """
    try:
        training = settings_of(trial.assignment)
        _refuse_what_cannot_train(trial, training)
        images = open_images(training, machine)
        split = split_by_label(images, trial.seed, share=trial.data_share)
        course = Course.of(training, images, split, seed=trial.seed, trial=trial.number)
        course = replace(course, share=Share(rank=together.rank, least=least_of(training)))
        labels = _labels(training, images)
        learner, trained = _learner(trial, training, images, together)
        together.told(lambda: trial.tell_data(images=images.content, held_out=digest_of(split.validation.numpy())))
        with trial.deferring():
            shared = sharing(machine, trial.assignment.shared)
            course = replace(course, features=_features(trial, learner, course, (machine, shared)))
            if learner.precision is None:
                folder = (shared or machine).cache_folder
                learner.precision = together.told(lambda: fastest_precision(learner, course, folder))
            _train_and_report(trial, learner, course, trained, labels)
    except Diverged as error:
        why = str(error)
        together.told(lambda: trial.infeasible(why))
    except (UnusableSettings, UnusableData, UnusableCheckpoint) as error:
        _fail(error)


def _labels(training: Training, images: Images) -> Labels:
    """Return the labels with their attributes, read before any training: a fault in them must not wait for its end."""
    source = training.label_attributes
    attributes = None if source is None else attributes_of(source, images.classes)
    return Labels(classes=images.classes, attributes=attributes)


def _features(
    trial: Trial, learner: Learner, course: Course, places: tuple[Machine, Machine | None]
) -> Features | None:
    """Return what the frozen layers make of the images, where that is worth keeping for all trials."""
    source = Source(
        model=learner.model,
        images=course.images,
        augmentation=course.augmentation,
        training=learner.training,
        seed=trial.seed,
        device=learner.device,
    )

    def leave_if_asked() -> None:
        if trial.is_leaving:
            raise Preempted("SIGTERM: leaving; nothing was trained since the last checkpoint")
        trial.progress(epoch=trial.start_epoch + 1, share=0.0)

    machine, shared = places
    used = len(course.split.train) + len(course.split.validation)
    passes = (trial.to_epoch - trial.start_epoch) * used / len(course.images.labels)
    return features_of(source, machine, leave_if_asked, shared=shared, passes=passes)


def _train_and_report(trial: Trial, learner: Learner, course: Course, trained: Tally, labels: Labels) -> None:
    together = learner.together
    telling = Telling(trial=trial, images=len(course.split.train))

    def leave_or_tell(epoch: int, trained: Tally) -> None:
        if trial.is_leaving:
            trial.leave(learner.to_bytes(epoch, trained))
        telling.tell(epoch, trained)

    def watch(epoch: int, trained: Tally) -> None:
        together.told(lambda: leave_or_tell(epoch, trained))

    def report(result: EpochResult) -> None:
        if trial.assignment.results is not None and result.epoch == trial.full_epochs:
            # before the report: with that the run has ended, and nobody would write what a killed worker did not
            write_results(trial.assignment.results, result.predictions, labels, course.images, epoch=result.epoch)
        trial.report(
            epoch=result.epoch,
            checkpoint=learner.to_bytes(result.epoch),
            samples_per_second=result.samples_per_second,
            val_accuracy=result.validation.accuracy,
            val_loss=result.validation.loss,
            train_accuracy=result.train.accuracy,
            train_loss=result.train.loss,
        )

    for result in fit(learner, course, together.led(trial.epochs()), trained=trained, watch=watch):
        together.told(partial(report, result))


def _learner(trial: Trial, training: Training, images: Images, together: Together) -> tuple[Learner, Tally]:
    """Return the learner as the trial left it, and what it has trained of the next epoch."""
    checkpoint = together.told(trial.load_checkpoint)  # before the model is built: there may be nothing left to train
    trial.start_epoch = 0 if checkpoint is None else checkpoint.epoch
    seed_everything(trial.seed, FOR_TRIAL, trial.number)
    task = Task(classes=len(images.classes), full_epochs=trial.full_epochs)
    learner = build_learner(training, task, _device())
    learner.together = together
    return learner, NOTHING if checkpoint is None else learner.restore(checkpoint.data)


def _refuse_what_cannot_train(trial: Trial, training: Training) -> None:
    if training.optimizer == "sgd" and training.nesterov and training.momentum == 0:
        trial.infeasible("nesterov needs a momentum above 0")
    if training.batch_size == 1 and training.trainable != "head":
        trial.infeasible("batch_size 1 cannot train BatchNorm, which normalizes over the batch; use 2 or more")


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _fail(error: Exception) -> NoReturn:
    sys.stderr.write(f"podium: {error}\n")
    raise SystemExit(1)
