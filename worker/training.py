"""The training loop: one epoch of steps, one look at the validation images, again.

It knows nothing of reporting, checkpoints or signals; whoever drives `fit` does all three: between two epochs, and in
a watch that is called after each batch, where an epoch can be left and continued as if nothing had been.
"""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch.nn import functional

from worker.course import Course
from worker.learner import Learner
from worker.model import set_training_mode
from worker.passing import Portion, number_correct, pass_to_judge, pass_to_train
from worker.results.predictions import Predictions, joined, predictions_from
from worker.seeding import seed_follower
from worker.tally import NOTHING, Score, Tally, Watch, never_leave

HOPELESS = 10.0
"""Times the loss at the start, or ln(classes), that of guessing, if that is more: a greater one has diverged."""
HOPELESS_AFTER_STEPS = 20
"""Of the training; the first ones at a high learning rate may be wild, and lead somewhere."""


class Diverged(Exception):
    """The loss is not a finite number any more, or far beyond where it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochResult:
    epoch: int
    train: Score
    """Measured while the weights still changed."""
    validation: Score
    predictions: Predictions = field(repr=False, compare=False)
    """Of every validation image."""
    samples_per_second: float | None
    """None when all of its batches were trained before."""


def fit(
    learner: Learner, course: Course, epochs: Iterable[int], *, trained: Tally = NOTHING, watch: Watch = never_leave
) -> Iterator[EpochResult]:
    """Train epoch by epoch; the learner stands after an epoch when its result is yielded. Raises Diverged.

    `trained` is what the learner has trained of the first epoch already.
    """
    for epoch in epochs:
        result = train_and_evaluate(learner, course, epoch=epoch, trained=trained, watch=watch)
        learner.schedule.observe(result.validation.loss)
        yield result
        trained = NOTHING


def train_and_evaluate(learner: Learner, course: Course, *, epoch: int, trained: Tally, watch: Watch) -> EpochResult:
    """Train what is left of an epoch and measure what came of it; the schedule is yet to be told. Raises Diverged.

    Where nothing is left, it is measured once more, to the same result.
    """
    began, before = time.perf_counter(), trained.count
    trained = train_one_epoch(learner, course, epoch=epoch, trained=trained, watch=watch)
    seconds = time.perf_counter() - began
    validation, predictions = evaluate(learner, course, epoch=epoch, trained=trained, watch=watch)
    if not math.isfinite(validation.loss):
        raise Diverged(f"the validation loss is {validation.loss} after epoch {epoch}")
    return EpochResult(
        epoch=epoch,
        train=trained.score(),
        validation=validation,
        predictions=predictions,
        samples_per_second=(trained.count - before) / seconds if trained.count > before else None,
    )


def train_one_epoch(learner: Learner, course: Course, *, epoch: int, trained: Tally, watch: Watch) -> Tally:
    """Take one step for each batch that is left. Raises Diverged at the first loss that is not finite."""
    set_training_mode(learner.model)
    batches = course.batches(epoch)
    for batch in range(trained.batches, len(batches)):
        whole = len(batches[batch])
        given = course.to_train_on(batches[batch], learner.device, epoch=epoch, batch=batch)
        seed_follower(learner.together.rank, course.seed, course.trial, epoch, batch)
        portion = Portion(batch=given, whole=whole, counts=course.share.counts(whole))
        passed = pass_to_train(learner, course.stages, portion)
        if not math.isfinite(passed.loss):
            raise Diverged(f"the training loss is {passed.loss} at step {batch + 1} of epoch {epoch}")
        if learner.first_loss is None:
            learner.first_loss = passed.loss
        learner.take_step(epoch - 1 + (batch + 0.5) / len(batches))
        trained = trained.plus(loss_sum=passed.loss_sum, correct=passed.correct, count=passed.count)
        is_due = trained.batches in (HOPELESS_AFTER_STEPS, len(batches))
        if is_due and (epoch - 1) * len(batches) + trained.batches >= HOPELESS_AFTER_STEPS:
            _refuse_the_hopeless(trained, epoch, start=max(learner.first_loss, math.log(len(course.images.classes))))
        watch(epoch, trained)
    return trained


def _refuse_the_hopeless(trained: Tally, epoch: int, *, start: float) -> None:
    loss, limit = trained.score().loss, HOPELESS * start
    if loss > limit:
        raise Diverged(
            f"the training loss is {loss:.3g} on average over {trained.batches} steps of epoch {epoch}, beyond "
            f"{limit:.3g}, {HOPELESS:g} times that at the start"
        )


@torch.inference_mode()
def evaluate(
    learner: Learner, course: Course, *, epoch: int, trained: Tally, watch: Watch
) -> tuple[Score, Predictions]:
    """Return mean loss and accuracy over the validation images, and what the model says of each of them.

    It changes nothing, and may be repeated.
    """
    model, together = learner.judged.eval(), learner.together
    together.align_statistics(model)
    batches, own = course.validation_batches(), []
    for first in range(0, len(batches), together.rank.processes):
        for positions in batches[first:][together.rank.number : together.rank.number + 1]:
            inputs, labels = course.to_judge_by(positions, learner.device)
            logits = pass_to_judge(learner, model, course.stages, inputs)  # (batch, classes)
            loss_sum = functional.cross_entropy(logits, labels, reduction="sum").item()
            correct = int(number_correct(logits, labels).item())
            own.append((loss_sum, correct, predictions_from(logits, labels, positions)))
        watch(epoch, trained)
    seen, judgements = Tally(), []
    for loss_sum, correct, predictions in together.taken_in_turns(own):
        seen = seen.plus(loss_sum=loss_sum, correct=correct, count=len(predictions))
        judgements.append(predictions)
    return seen.score(), joined(judgements)
