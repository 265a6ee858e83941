"""Training that is left within an epoch and continued elsewhere is the same training, bit for bit."""

from dataclasses import dataclass

import torch

from tests.worker.small import course, differing, learner, state_of, training, weights
from worker.course import Course
from worker.learner import Learner
from worker.tally import NOTHING, Tally
from worker.training import EpochResult, fit

SETTINGS = training(
    lr_schedule="cosine", ema_decay=0.5, dropout=0.2, augmentation="flip", mixup=0.2
)  # what differs from step to step, and draws at each


def images() -> Course:
    return course(
        train=9, validation=4, batch_size=4, settings=SETTINGS
    )  # 4 + 5: two batches, then one look at the validation images


class Left(Exception):
    """The watch has stored a state and left, as the session's does."""


@dataclass
class Leaver:
    """Leaves at its n-th call."""

    learner: Learner
    calls_left: int
    stored: bytes = b""
    where: tuple[int, int] = (0, 0)
    """Epoch, and batches trained of it."""

    def __call__(self, epoch: int, trained: Tally) -> None:
        self.calls_left -= 1
        if self.calls_left == 0:
            self.stored, self.where = self.learner.to_bytes(epoch, trained), (epoch, trained.batches)
            raise Left


@dataclass
class Attempt:
    """A process's share of the training: a learner of its own, in a process that knows nothing of those before."""

    results: list[EpochResult]
    stored: bytes = b""

    def train(self, epochs: list[int], *, leave_at_call: int = 0) -> tuple[Learner, tuple[int, int]]:
        each, trained = learner(SETTINGS), NOTHING
        if self.stored:
            torch.manual_seed(99)
            trained = each.restore(self.stored)
        leaver = Leaver(each, leave_at_call)
        try:
            for result in fit(each, images(), epochs, trained=trained, watch=leaver):
                self.results.append(result)
        except Left:
            self.stored = leaver.stored
        return each, leaver.where


def test_training_left_in_either_epoch_and_while_evaluating_equals_a_straight_one() -> None:
    straight = Attempt([])
    expected, _ = straight.train([1, 2])
    state = expected.to_bytes(2)  # now: it holds the states of global generators

    parts = Attempt([])
    assert parts.train([1, 2], leave_at_call=1)[1] == (1, 1)
    assert parts.train([1, 2], leave_at_call=3)[1] == (2, 1)  # batch 2, evaluation; batch 1
    assert parts.train([2], leave_at_call=2)[1] == (2, 2)  # batch 2, evaluation
    last, _ = parts.train([2])

    assert differing(weights(last), weights(expected)) == []
    assert state_of(last.to_bytes(2)) == state_of(state)
    assert [(each.epoch, each.train, each.validation) for each in parts.results] == [
        (each.epoch, each.train, each.validation) for each in straight.results
    ]
    assert parts.results[-1].samples_per_second is None  # that attempt trained no batch of it


def test_a_whole_epochs_state_leaves_nothing_trained_of_the_next() -> None:
    each = learner(SETTINGS)
    assert each.restore(each.to_bytes(1)) == NOTHING
    begun = Tally(batches=2, loss_sum=0.1 + 0.2, correct=3, count=32)
    assert each.restore(each.to_bytes(1, begun)) == begun


def test_a_tally_weighs_batches_by_their_images() -> None:
    trained = NOTHING.plus(loss_sum=6.0, correct=1, count=3).plus(loss_sum=4.0, correct=1, count=1)
    assert trained == Tally(batches=2, loss_sum=10.0, correct=2, count=4)
    assert (trained.score().loss, trained.score().accuracy) == (2.5, 0.5)
