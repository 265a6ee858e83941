"""Trainings that take turns are each what it would be by itself, and left and resumed anywhere they are the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import torch

from podium.trainer import Training
from tests.worker.small import FULL_EPOCHS, SEED, TRIAL, differing, few_digits, state_of, training, weights
from worker.cohort import Cohort, courses_of
from worker.course import Course
from worker.learner import Task, UnusableCheckpoint
from worker.packing import packed, unpacked
from worker.spread import rate_of_all, with_standard_errors
from worker.tally import Tally, never_leave
from worker.training import Diverged, EpochResult

DRAWING: dict[str, object] = {
    "lr_schedule": "cosine",
    "ema_decay": 0.5,
    "dropout": 0.2,
    "augmentation": "flip",
    "mixup": 0.2,
    "batch_size": 6,
}
"""What differs from step to step, and draws at each."""


def courses(settings: Training, images: int = 20) -> list[Course]:
    return courses_of(settings, few_digits(images), seed=SEED, trial=TRIAL, share=1.0)


def cohort(settings: Training, given: Sequence[Course] | None = None) -> Cohort:
    task = Task(classes=10, full_epochs=FULL_EPOCHS)
    return Cohort.of(given or courses(settings), settings, task, torch.device("cpu"))


def measured(results: Sequence[EpochResult]) -> list[object]:
    return [(each.epoch, each.train, each.validation, each.predictions.losses.tolist()) for each in results]


@pytest.mark.parametrize("way", ["folds", "repeats"])
def test_each_member_is_the_training_that_it_would_be_by_itself(way: str) -> None:
    settings = training(**DRAWING, **{way: 2})
    together = cohort(settings)
    results = list(together.fit([1, 2], never_leave))
    states = [state_of(each) for each in unpacked(together.to_bytes(2))]
    assert len(states) == len(together.members) == 2
    for number, course in enumerate(courses(settings)):
        alone = cohort(settings, [course])
        assert [measured(each) for each in alone.fit([1, 2], never_leave)] == [
            measured([each[number]]) for each in results
        ]
        assert state_of(alone.to_bytes(2)) == states[number]


def test_the_first_repeat_is_the_training_without_repeats_and_the_others_differ_in_all_that_is_chance() -> None:
    repeated, plain = courses(training(repeats=3, augmentation="flip")), courses(training(augmentation="flip"))
    assert [each.trial for each in plain] == [TRIAL] == [repeated[0].trial]
    assert len({each.trial for each in repeated}) == 3
    assert len({tuple(torch.cat(each.batches(1)).tolist()) for each in repeated}) == 3
    assert all(torch.equal(each.split.validation, plain[0].split.validation) for each in repeated)
    first, second, _ = (each.learner for each in cohort(training(repeats=3)).members)
    assert "conv1.weight" in differing(weights(first), weights(second))
    pixels, positions = repeated[0].images.pixels(torch.arange(20)), torch.arange(20)
    seen = [each.augmentation.of_images(pixels, positions, epoch=1) for each in repeated]
    assert not torch.equal(seen[0], seen[1])


def test_views_that_all_trials_have_in_common_are_common_to_folds_too() -> None:
    given = courses(training(folds=2, augmentation="flip", augmented_views=2, trainable="head"))
    pixels, positions = given[0].images.pixels(torch.arange(20)), torch.arange(20)
    one, other = (each.augmentation.of_images(pixels, positions, epoch=1) for each in given)
    assert torch.equal(one, other)


class Left(Exception):
    """The watch has stored a state and left, as the session's does."""


@dataclass
class Attempt:
    """A process's share of the training: members of its own, in a process that knows nothing of those before."""

    settings: Training
    results: list[list[object]] = field(default_factory=list)
    stored: bytes = b""

    def train(self, epochs: list[int], *, leave_at_call: int = 0) -> bytes:
        """Return the last state; leave at that call of the watch, if it comes."""
        each, calls = cohort(self.settings), 0
        if self.stored:
            torch.manual_seed(99)
            each.restore(self.stored)

        def watch(epoch: int, _trained: Tally) -> None:
            nonlocal calls
            calls += 1
            if calls == leave_at_call:
                self.stored = each.to_bytes(epoch, is_midway=True)
                raise Left

        try:
            for results in each.fit(epochs, watch):
                self.results.append(measured(results))
        except Left:
            return self.stored
        return each.to_bytes(epochs[-1])


def tallies(stored: bytes, settings: Training) -> list[int]:
    """Return how many batches of the epoch under way each member has trained."""
    each = cohort(settings)
    each.restore(stored)
    return [member.trained.batches for member in each.members]


def test_left_midway_through_the_second_fold_and_resumed_equals_straight() -> None:
    """10 images for each fold, in two batches, and one look at the other 10: 3 calls for each, 6 for an epoch."""
    settings = training(**DRAWING, folds=2)
    straight = Attempt(settings)
    expected = straight.train([1, 2])

    parts = Attempt(settings)
    assert tallies(parts.train([1, 2], leave_at_call=4), settings) == [2, 1]
    assert tallies(parts.train([1, 2], leave_at_call=1), settings) == [2, 1], "the first is measured again"
    assert tallies(parts.train([1, 2], leave_at_call=6), settings) == [2, 0], "in the next epoch"
    assert len(parts.results) == 1
    assert tallies(parts.train([2], leave_at_call=4), settings) == [2, 2], "while the second is evaluated"
    last = parts.train([2])

    assert [state_of(each) for each in unpacked(last)] == [state_of(each) for each in unpacked(expected)]
    assert parts.results == straight.results


def test_a_plateau_hears_of_each_epoch_once_however_often_it_is_measured() -> None:
    settings = training(folds=2, batch_size=6, lr_patience=0, lr_decay=0.5, learning_rate=0.3)
    parts = Attempt(settings)
    for _ in range(3):
        parts.train([1, 2, 3], leave_at_call=5)  # always in the second fold of the first epoch
    each = cohort(settings)
    each.restore(parts.train([1]))
    assert [member.learner.schedule.state_dict()["plateau"]["last_epoch"] for member in each.members] == [1, 1]  # type: ignore[index]


def test_a_state_may_be_stored_on_the_way_without_leaving() -> None:
    settings = training(**DRAWING, folds=2)
    quiet, storing = cohort(settings), cohort(settings)

    def store(epoch: int, _trained: Tally) -> None:
        storing.to_bytes(epoch, is_midway=True)

    assert [measured(each) for each in storing.fit([1], store)] == [
        measured(each) for each in quiet.fit([1], never_leave)
    ]


def test_a_member_that_diverges_is_named() -> None:
    each = cohort(training(folds=2))
    with torch.no_grad():
        each.members[1].learner.model.get_parameter("fc.bias")[0] = math.nan
    with pytest.raises(Diverged, match="^fold 2 of 2: the training loss is nan at step 1 of epoch 1$"):
        list(each.fit([1], never_leave))
    assert [member.name for member in cohort(training(repeats=2)).members] == ["repeat 1 of 2", "repeat 2 of 2"]
    assert [member.name for member in cohort(training()).members] == [""]


def test_the_state_of_another_number_of_trainings_is_refused() -> None:
    two, one = cohort(training(folds=2)), cohort(training())
    with pytest.raises(UnusableCheckpoint, match="holds 2 trainings, and 1 are to be continued"):
        one.restore(two.to_bytes(1))
    with pytest.raises(UnusableCheckpoint, match="holds 1 trainings, and 2 are to be continued"):
        two.restore(one.to_bytes(1))


def test_states_are_packed_whole() -> None:
    assert packed([b"alone"]) == b"alone"
    states = [b"first\n", b"", b"third"]
    assert unpacked(packed(states)) == states
    for damaged in (packed(states)[:-1], packed(states) + b"x", packed(states).replace(b"[6", b"[7")):
        with pytest.raises(UnusableCheckpoint, match="bytes where its states take"):
            unpacked(damaged)
    with pytest.raises(UnusableCheckpoint, match="does not say which states"):
        unpacked(packed(states).replace(b"]", b"}"))


def test_the_spread_is_the_standard_error_of_the_mean() -> None:
    of_four = with_standard_errors([{"loss": value} for value in (1.0, 2.0, 3.0, 6.0)])
    variance = ((1 - 3) ** 2 + (2 - 3) ** 2 + 0 + (6 - 3) ** 2) / 3
    assert of_four == {"loss": 3.0, "loss_stderr": pytest.approx(math.sqrt(variance / 4))}
    assert with_standard_errors([{"loss": 1.5, "accuracy": 0.5}]) == {"loss": 1.5, "accuracy": 0.5}


def test_the_rate_of_all_is_that_of_all_samples_in_all_the_time() -> None:
    assert rate_of_all([100.0, 50.0]) == pytest.approx(200 / 3)
    assert rate_of_all([None, 50.0]) == 50.0
    assert rate_of_all([None, None]) is None
