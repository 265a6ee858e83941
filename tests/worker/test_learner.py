"""From the assignment to the optimizer: a setting means what it says, and a resumed learner is the same learner."""

import io
import pickle
from pathlib import Path

import pytest
import torch

from tests.sdk.fake_run_api import assignment
from tests.worker.small import course, differing, learner, training, weights
from worker.learner import Learner, UnusableCheckpoint
from worker.settings import UnusableSettings, settings_of
from worker.split import Split
from worker.training import Course, Diverged, fit


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


def test_a_resumed_run_equals_a_straight_one() -> None:
    """Weights, momentum, schedule and random states, bit for bit; 33 images leave a last batch of one."""
    settings, images = training(lr_patience=0, lr_decay=0.5), course(train=33, validation=8)
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
    earlier += list(fit(second, course(train=33, validation=8), [2]))

    assert differing(weights(straight), weights(second)) == []
    assert second.to_bytes(2) == expected
    assert [(each.train, each.validation) for each in results] == [(each.train, each.validation) for each in earlier]


def test_the_schedule_follows_the_validation_loss() -> None:
    """Training loss falls on random labels, validation loss does not: only a schedule on the latter decays."""
    images = course().images
    torch.manual_seed(0)
    shuffled = images.labels[torch.randperm(len(images.labels))]
    images._labels = shuffled  # type: ignore[attr-defined]
    each = learner(training(lr_patience=0, lr_decay=0.5, learning_rate=0.02))
    split = Split(train=torch.arange(48), validation=torch.arange(48, 96))
    results = list(
        fit(each, Course(images=images, split=split, batch_size=16, image_size=32, seed=7, trial=3), [1, 2, 3, 4])
    )

    decays = sum(
        later.validation.loss >= min(r.validation.loss for r in results[: position + 1])
        for position, later in enumerate(results[1:])
    )
    assert results[-1].train.loss < results[0].train.loss
    assert decays > 0
    assert each.optimizer.param_groups[0]["lr"] == pytest.approx(0.02 * 0.5**decays)


def test_a_loss_that_is_not_finite_ends_training_at_once() -> None:
    each = learner(training(learning_rate=100.0, momentum=0.99))
    with pytest.raises(Diverged, match=r"the (training|validation) loss is (nan|inf)"):
        list(fit(each, course(), range(1, 30)))


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
