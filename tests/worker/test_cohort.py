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


SETTINGS = training(**DRAWING, folds=2)
"""10 images for each fold, in two batches, and one look at the other 10: 3 calls of the watch, 6 in an epoch."""


def courses(settings: Training) -> list[Course]:
    return courses_of(settings, few_digits(20), seed=SEED, trial=TRIAL, share=1.0)


def cohort(settings: Training, given: Sequence[Course]) -> Cohort:
    return Cohort.of(given, settings, Task(classes=10, full_epochs=FULL_EPOCHS), torch.device("cpu"))


def measured(results: Sequence[EpochResult]) -> list[object]:
    return [(each.epoch, each.train, each.validation, each.predictions.losses.tolist()) for each in results]


@dataclass(frozen=True, kw_only=True)
class Straight:
    """Two epochs of both folds, without a break."""

    results: list[list[object]]
    states: list[object]
    counts: list[int]
    """Images that both together had trained of the epoch, at each call of the watch."""


@pytest.fixture(scope="module")
def straight() -> Straight:
    together = cohort(SETTINGS, courses(SETTINGS))
    stored: list[bytes] = []
    counts: list[int] = []

    def store_once(epoch: int, _trained: Tally) -> None:
        counts.append(together.trained.count)
        if not stored:  # to store on the way, without leaving, changes nothing
            stored.append(together.to_bytes(epoch, is_midway=True))

    results = [measured(each) for each in together.fit([1, 2], store_once)]
    states = [state_of(each) for each in unpacked(together.to_bytes(2))]
    return Straight(results=results, states=states, counts=counts)


def test_each_member_is_the_training_that_it_would_be_by_itself(straight: Straight) -> None:
    for number, course in enumerate(courses(SETTINGS)):
        alone = cohort(SETTINGS, [course])
        results = [measured(each) for each in alone.fit([1, 2], never_leave)]
        assert results == [[of_both[number]] for of_both in straight.results]
        assert state_of(alone.to_bytes(2)) == straight.states[number]


def test_what_is_trained_of_an_epoch_is_that_of_both(straight: Straight) -> None:
    assert straight.counts == 2 * [6, 10, 10, 16, 20, 20], "10 images each, in batches of 6 and 4, then a look"


def test_the_first_repeat_is_the_training_without_repeats_and_the_others_differ_in_all_that_is_chance() -> None:
    settings = training(repeats=3, augmentation="flip", batch_size=10)
    repeated, [plain] = courses(settings), courses(training(augmentation="flip", batch_size=10))
    assert plain.trial == TRIAL == repeated[0].trial
    assert len({each.trial for each in repeated}) == 3
    assert len({tuple(torch.cat(each.batches(1)).tolist()) for each in repeated}) == 3
    assert all(torch.equal(each.split.validation, plain.split.validation) for each in repeated)
    pixels, positions = plain.images.pixels(torch.arange(20)), torch.arange(20)
    seen = [each.augmentation.of_images(pixels, positions, epoch=1) for each in repeated]
    assert not torch.equal(seen[0], seen[1])
    first, second = cohort(settings, repeated[:2]).members
    assert (first.name, second.name) == ("repeat 1 of 2", "repeat 2 of 2")
    assert "conv1.weight" in differing(weights(first.learner), weights(second.learner))


def test_views_that_all_trials_have_in_common_are_common_to_folds_too() -> None:
    given = courses(training(folds=2, augmentation="flip", augmented_views=2, trainable="head", batch_size=10))
    pixels, positions = given[0].images.pixels(torch.arange(20)), torch.arange(20)
    one, other = (each.augmentation.of_images(pixels, positions, epoch=1) for each in given)
    assert torch.equal(one, other)


class Left(Exception):
    """The watch has stored a state and left, as the session's does."""


@dataclass
class Attempts:
    """Processes one after another, each with members of its own, that know nothing of those before."""

    results: list[list[object]] = field(default_factory=list)
    stored: bytes = b""

    def train(self, epochs: list[int], *, leave_at_call: int = 0) -> list[int]:
        """Train, or leave at that call of the watch; return how many batches of its epoch each member has trained."""
        each, calls = cohort(SETTINGS, courses(SETTINGS)), 0
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
            return [member.trained.batches for member in each.members]
        self.stored = each.to_bytes(epochs[-1])
        return [member.trained.batches for member in each.members]


def test_left_midway_through_the_second_fold_and_resumed_equals_straight(straight: Straight) -> None:
    parts = Attempts()
    assert parts.train([1, 2], leave_at_call=4) == [2, 1], "midway through the second fold's epoch"
    assert parts.train([1, 2], leave_at_call=6) == [2, 0], "the first is measured again; then in the next epoch"
    assert len(parts.results) == 1
    assert parts.train([2], leave_at_call=4) == [2, 2], "while the second is validated"
    assert parts.train([2]) == [0, 0]
    assert [state_of(each) for each in unpacked(parts.stored)] == straight.states
    assert parts.results == straight.results


def test_a_member_that_diverges_is_named() -> None:
    each = cohort(training(folds=2, batch_size=10), courses(training(folds=2, batch_size=10)))
    with torch.no_grad():
        each.members[1].learner.model.get_parameter("fc.bias")[0] = math.nan
    with pytest.raises(Diverged, match=r"^fold 2 of 2: the training loss is nan at step 1 of epoch 1$"):
        list(each.fit([1], never_leave))


@pytest.mark.parametrize(("states", "told"), [([b"one"], 1), ([b"one", b"two"], 2)])
def test_the_state_of_another_number_of_trainings_is_refused(states: list[bytes], told: int) -> None:
    with pytest.raises(UnusableCheckpoint, match=f"holds {told} trainings, and 0 are to be continued"):
        Cohort([]).restore(packed(states))


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
