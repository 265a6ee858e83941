"""A batch that passes in parts is the same batch; one that does not fit is halved, and nothing is trained twice."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import torch
from torch import nn

from podium.leaving import exit_of
from podium.taxonomy import ExitCode
from podium.trainer import Training
from tests.worker.small import course, differing, learner, training, weights
from worker.course import Course
from worker.learner import Learner
from worker.model import set_training_mode
from worker.passing import Portion, pass_to_train
from worker.tally import NOTHING, Tally, never_leave
from worker.training import evaluate, fit, train_one_epoch

FROZEN = {"trainable": "head", "dropout": 0.0}
"""BatchNorm that does not adapt: all the parts are normalized alike."""


@dataclass
class Memory:
    """Holds so many images in the fourth stage, and says so as CUDA does; the stages before have changed by then."""

    holds: int
    seen: list[int] = field(default_factory=list)

    def look(self, _module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        self.seen.append(len(given[0]))
        if len(given[0]) > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nAnd much more")


@contextmanager
def little_memory(each: Learner, holds: int) -> Iterator[Memory]:
    memory = Memory(holds)
    handle = each.model.get_submodule("layer4").register_forward_pre_hook(memory.look)
    try:
        yield memory
    finally:
        handle.remove()


def gradients(settings: Training, given: Course) -> tuple[Mapping[str, torch.Tensor], float]:
    each = learner(settings)
    set_training_mode(each.model)
    batch = given.to_train_on(given.batches(1)[0], each.device, epoch=1, batch=0)
    passed = pass_to_train(each, given.stages, Portion(batch=batch, whole=len(batch[0])))
    assert passed.count == len(batch[0])
    return {name: weight.grad for name, weight in each.model.named_parameters() if weight.grad is not None}, passed.loss


@pytest.mark.parametrize("changes", [{}, {"mixup": 0.2, "cutmix": 1.0}, {"label_smoothing": 0.2}], ids=str)
def test_the_gradients_of_parts_add_up_to_those_of_the_batch(changes: dict[str, object]) -> None:
    """11 images in parts of 3, 4 and 4."""
    plain, in_parts = training(**FROZEN, **changes), training(**FROZEN, **changes, micro_batch=4)
    expected, loss = gradients(plain, course(train=11, settings=plain))
    found, loss_in_parts = gradients(in_parts, course(train=11, settings=in_parts))
    assert loss_in_parts == pytest.approx(loss, rel=1e-6)
    assert expected.keys() == found.keys() == {"fc.weight", "fc.bias"}
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-7)


def test_an_epoch_in_parts_counts_every_image_once_and_keeps_their_size() -> None:
    given = course(train=13, validation=4, batch_size=6)  # 6, and 6 + 1
    each = learner(training(micro_batch=3))
    with little_memory(each, 100) as memory:
        trained = train_one_epoch(each, given, epoch=1, trained=NOTHING, watch=never_leave)
    assert (trained.batches, trained.count) == (2, 13)
    assert memory.seen == [3, 3, 2, 2, 3]


def test_a_batch_that_does_not_fit_is_taken_again_as_if_nothing_had_been(caplog: pytest.LogCaptureFixture) -> None:
    """As if the smaller parts had been asked for: weights, statistics, dropout, moving averages and results."""
    changes = {"dropout": 0.3, "ema_decay": 0.5, "mixup": 0.2, "optimizer": "adamw", "learning_rate": 0.001}
    found, asked = learner(training(**changes)), learner(training(**changes, micro_batch=3))
    given = course(train=9, validation=4, batch_size=8, settings=asked.training)
    torch.manual_seed(5)
    with caplog.at_level(logging.INFO, "podium"), little_memory(found, 3) as memory:
        [result] = fit(found, given, [1])
    assert memory.seen[:5] == [9, 4, 3, 3, 3], "half of it, and half again, each time from the start"
    assert found.micro_batch == 3
    assert caplog.messages == [
        "podium: the accelerator's memory does not hold 9 images at once; batches pass in parts of at most 3, and "
        "their gradients add up"
    ]

    torch.manual_seed(5)
    [expected] = fit(asked, given, [1])
    assert (result.train, result.validation) == (expected.train, expected.validation)
    assert differing(weights(asked), weights(found)) == []
    assert differing(dict(asked.judged.state_dict()), dict(found.judged.state_dict())) == []


def test_a_promoted_trial_goes_on_in_parts_of_the_size_that_was_found() -> None:
    given = course(train=4, validation=2, batch_size=4)
    first = learner()
    with little_memory(first, 2):
        list(fit(first, given, [1]))
    second = learner()
    second.restore(first.to_bytes(1))
    with little_memory(second, 2) as memory:
        list(fit(second, given, [2]))
    assert memory.seen == [2, 2, 2], "two parts and the validation images: nothing was tried in vain"


def test_validation_images_that_do_not_fit_are_halved_too() -> None:
    each, given = learner(), course(train=8, validation=9)
    expected, told = evaluate(each, given, epoch=1, trained=Tally(), watch=never_leave)
    with little_memory(each, 4) as memory:
        score, told_in_parts = evaluate(each, given, epoch=1, trained=Tally(), watch=never_leave)
    assert memory.seen == [9, 4, 5, 3, 3, 3]
    assert score.accuracy == expected.accuracy
    assert score.loss == pytest.approx(expected.loss, rel=1e-5)
    assert told_in_parts.predicted.tolist() == told.predicted.tolist()


@pytest.mark.parametrize(("trainable", "fewest"), [("all", "2 images"), ("head", "one image")])
def test_what_does_not_fit_in_the_smallest_parts_is_out_of_memory(trainable: str, fewest: str) -> None:
    each = learner(training(trainable=trainable))
    with little_memory(each, 0), pytest.raises(torch.OutOfMemoryError) as caught:
        list(fit(each, course(train=8, batch_size=8), [1]))
    leaving = exit_of(caught.value)
    assert leaving is not None
    assert leaving.code == ExitCode.OUT_OF_ACCELERATOR_MEMORY
    assert leaving.message == (
        f"the accelerator's memory does not hold this configuration: not even {fewest} at once; smaller images, a "
        "smaller model or fewer trained layers need less (CUDA out of memory. Tried to allocate 2.00 GiB.)"
    )
