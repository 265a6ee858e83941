"""From the assignment to the optimizer: a setting means what it says, and a resumed learner is the same learner."""

import io
import pickle
from pathlib import Path

import pytest
import torch

from tests.sdk.fake_run_api import assignment
from tests.worker.small import course, differing, learner, state_of, training, weights
from worker.learner import Learner, UnusableCheckpoint
from worker.settings import UnusableSettings, settings_of
from worker.tally import Tally, never_leave
from worker.training import Diverged, evaluate, fit, train_one_epoch


def learner_for(nesterov: bool) -> Learner:
    given = assignment(
        Path("/nowhere"), training=training(momentum=0.9), configuration={"nesterov": nesterov, "lr_patience": 0}
    )
    received = type(given).model_validate_json(given.model_dump_json())  # as the worker gets it
    return learner(settings_of(received))


def test_nesterov_false_trains_without_nesterov() -> None:
    """Against the original study's fault: the text "False" is true."""
    trained = {}
    for nesterov in (False, True):
        each = learner_for(nesterov)
        assert [group["nesterov"] for group in each.optimizer.param_groups] == [nesterov]
        list(fit(each, course(train=32, validation=4), [1]))
        trained[nesterov] = weights(each)
    assert differing(trained[False], trained[True])


def test_without_nesterov_the_step_is_plain_momentum() -> None:
    """v = m v + g; w = w - r v (Sutskever et al. 2013, eq. 1 and 2, as torch scales it)."""
    each = learner(training(momentum=0.5, weight_decay=0.0, learning_rate=0.1, nesterov=False))
    weight = each.model.get_parameter("fc.bias")
    with torch.no_grad():
        weight.zero_()
    for _ in range(2):
        each.optimizer.zero_grad()
        weight.grad = torch.ones_like(weight)
        each.optimizer.step()
    assert torch.allclose(weight, torch.full_like(weight, -0.1 - 0.1 * 1.5))  # with Nesterov: -0.15 - 0.175


@pytest.mark.parametrize(
    ("changes", "proven"), [({"optimizer": "adamw"}, 0), ({"momentum": 0.9}, 0), ({"momentum": 0.0}, 8)], ids=str
)
def test_what_fits_is_seen_anew_once_the_optimizer_keeps_a_state(changes: dict[str, object], proven: int) -> None:
    """It comes with the first step, and takes memory beside the images of the second."""
    each = learner(training(trainable="head", **changes))
    for expected in (proven, 8):
        each.proven = 8
        for weight in each.model.parameters():
            weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
        each.take_step(0.0)
        assert each.proven == expected


def test_tuned_values_override_fixed_ones(tmp_path: Path) -> None:
    given = assignment(
        tmp_path, training=training(momentum=0.5), configuration={"learning_rate": 0.3, "batch_size": 64}
    )
    settings = settings_of(given)
    assert (settings.learning_rate, settings.batch_size, settings.momentum) == (0.3, 64, 0.5)


def test_settings_that_cannot_be_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match=r"training\.nesterov: found 'False'"):
        settings_of(assignment(tmp_path, training=training(), configuration={"nesterov": "False"}))
    with pytest.raises(UnusableSettings, match=r"trial\.command"):
        settings_of(assignment(tmp_path, training=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"lr_patience": 0, "lr_decay": 0.5},
        {"lr_schedule": "cosine", "warmup_epochs": 1},
        {"lr_schedule": "step", "lr_step_epochs": 1, "optimizer": "adamw", "learning_rate": 0.001},
        {"ema_decay": 0.9, "dropout": 0.3, "label_smoothing": 0.1},
        {"augmentation": "randaugment", "random_erasing": 0.5},
        {"augmentation": "trivialaugment", "mixup": 0.2, "cutmix": 1.0},
        {"trainable": "layer3", "augmentation": "flip"},
    ],
    ids=str,
)
def test_a_resumed_run_equals_a_straight_one(changes: dict[str, object]) -> None:
    """Weights, momentum, schedule and random states, bit for bit; 33 images leave a last batch of one."""
    settings = training(**changes)
    images = course(train=33, validation=8, settings=settings)
    straight = learner(settings)
    results = list(fit(straight, images, [1, 2]))
    expected = straight.to_bytes(2)  # now: it holds the states of global generators

    first = learner(settings)
    earlier = list(fit(first, images, [1]))
    stored = first.to_bytes(1)
    second = learner(settings)
    torch.manual_seed(99)  # another process knows nothing of the first one's generators
    with torch.no_grad():
        second.model.get_parameter("fc.weight").zero_()
    second.restore(stored)
    earlier += list(fit(second, course(train=33, validation=8, settings=settings), [2]))

    assert differing(weights(straight), weights(second)) == []
    assert state_of(second.to_bytes(2)) == state_of(expected)
    assert [(each.train, each.validation) for each in results] == [(each.train, each.validation) for each in earlier]


def test_the_schedule_follows_the_validation_loss() -> None:
    """Training loss falls on random labels, validation loss does not: only a schedule on the latter decays."""
    given = course(train=48, validation=48)
    torch.manual_seed(0)
    shuffled = given.images.labels[torch.randperm(len(given.images.labels))]
    given.images._labels = shuffled  # type: ignore[attr-defined]
    each = learner(training(lr_patience=0, lr_decay=0.5, learning_rate=0.02))
    results = list(fit(each, given, [1, 2, 3, 4]))

    decays = sum(
        later.validation.loss >= min(r.validation.loss for r in results[: position + 1])
        for position, later in enumerate(results[1:])
    )
    assert results[-1].train.loss < results[0].train.loss
    assert decays > 0
    assert each.schedule.factor(4.0) == pytest.approx(0.5**decays)


def test_a_loss_that_is_not_finite_ends_training_at_once() -> None:
    each = learner()
    with torch.no_grad():
        each.model.get_parameter("fc.bias")[0] = float("nan")
    with pytest.raises(Diverged, match="the training loss is nan at step 1 of epoch 1"):
        list(fit(each, course(), [1]))


def test_a_loss_far_beyond_guessing_ends_training_once_its_first_steps_are_over() -> None:
    each = learner(training(learning_rate=1e-9))
    each.first_loss = 2.5
    with torch.no_grad():
        each.model.get_parameter("fc.weight").mul_(1000.0)
    results = fit(each, course(train=48), range(1, 30))
    assert [next(results).epoch for _ in range(6)] == [1, 2, 3, 4, 5, 6], "18 steps may be wild"
    resumed = learner(training(learning_rate=1e-9))
    resumed.restore(each.to_bytes(6))
    with pytest.raises(Diverged, match=r"the training loss is .* over 3 steps of epoch 7, beyond 25, 10 times that at"):
        list(fit(resumed, course(train=48), [7]))


def test_a_loss_that_began_high_may_stay_so() -> None:
    each = learner(training(learning_rate=1e-9))
    with torch.no_grad():
        each.model.get_parameter("fc.weight").mul_(1000.0)
    assert [result.epoch for result in fit(each, course(train=48, validation=4), range(1, 9))][-1] == 8


def test_adamw_decays_weights_apart_from_their_gradients() -> None:
    """w = w - r (l w + m / (sqrt(v) + e)) (Loshchilov and Hutter 2019, algorithm 2): the first step is of size r."""
    each = learner(training(optimizer="adamw", learning_rate=0.1, weight_decay=0.5))
    weight = each.model.get_parameter("fc.bias")
    with torch.no_grad():
        weight.fill_(2.0)
    weight.grad = torch.full_like(weight, 3.0)
    each.take_step(0.0)
    assert torch.allclose(weight, torch.full_like(weight, 2.0 - 0.1 * 0.5 * 2.0 - 0.1), atol=1e-4)


def test_a_step_is_taken_at_the_rate_of_its_moment() -> None:
    each = learner(training(momentum=0.0, weight_decay=0.0, learning_rate=0.1, warmup_epochs=2))
    weight = each.model.get_parameter("fc.bias")
    with torch.no_grad():
        weight.zero_()
    weight.grad = torch.ones_like(weight)
    each.take_step(0.5)
    assert torch.allclose(weight, torch.full_like(weight, -0.1 * 0.25))


def test_the_average_is_judged_and_the_weights_are_trained() -> None:
    averaged, plain = learner(training(ema_decay=0.5)), learner(training())
    steps: list[torch.Tensor] = []

    def note(_epoch: int, _trained: Tally) -> None:
        steps.append(averaged.model.get_parameter("fc.bias").detach().clone())

    with_average = list(fit(averaged, course(train=32), [1], watch=note))
    without = list(fit(plain, course(train=32), [1]))

    assert differing(weights(averaged), weights(plain)) == []
    assert with_average[0].train == without[0].train
    assert with_average[0].validation != without[0].validation
    expected = 0.5 * steps[0] + 0.5 * steps[1]  # the average begins as the first step's weights
    assert torch.allclose(averaged.judged.get_parameter("fc.bias"), expected)


def test_smoothed_labels_raise_the_loss_that_is_trained_on_alone() -> None:
    sharp, smooth = learner(), learner(training(label_smoothing=0.2))
    images = course(train=16, validation=8)
    before = [evaluate(each, images, epoch=1, trained=Tally(), watch=never_leave)[0] for each in (sharp, smooth)]
    assert before[0] == before[1]
    trained = [
        train_one_epoch(each, images, epoch=1, trained=Tally(), watch=never_leave).loss_sum for each in (sharp, smooth)
    ]
    assert trained[0] != trained[1]


def test_dropout_drops_while_training_alone() -> None:
    dropping = learner(training(dropout=0.9))
    head, inputs = dropping.model.get_submodule("fc"), torch.ones(1, 512)
    assert not torch.equal(head(inputs), head(inputs))
    head.eval()
    assert torch.equal(head(inputs), head(inputs))


def test_a_batch_beyond_the_data_is_one_batch() -> None:
    [result] = fit(learner(), course(train=20, batch_size=4096), [1])
    assert result.samples_per_second is not None
    assert result.samples_per_second > 0


def test_a_checkpoint_of_another_model_is_refused() -> None:
    data = learner(training(model="resnet34")).to_bytes(1)
    with pytest.raises(UnusableCheckpoint, match="does not fit"):
        learner().restore(data)


@pytest.mark.parametrize("state", [[1, 2], {"model": 3}, {"model": {}, "optimizer": None}, 7], ids=repr)
def test_bytes_that_hold_something_else_are_refused(state: object) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with pytest.raises(UnusableCheckpoint, match="does not fit"):
        learner().restore(buffer.getvalue())


def test_random_states_of_another_shape_are_refused() -> None:
    each = learner()
    state = torch.load(io.BytesIO(each.to_bytes(1)), weights_only=True)
    state["random"]["numpy"]["keys"] = [1, 2]
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with pytest.raises(UnusableCheckpoint, match="does not fit"):
        each.restore(buffer.getvalue())


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    class Intruder:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path(tmp_path / "was-here").touch, ()  # type: ignore[return-value]

    buffer = io.BytesIO()
    torch.save({"model": Intruder()}, buffer, pickle_module=pickle)
    with pytest.raises(UnusableCheckpoint):
        learner().restore(buffer.getvalue())
    assert not (tmp_path / "was-here").exists()
