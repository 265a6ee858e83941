"""The learning rate of each step: the same curve, wherever a run begins and ends."""

import pytest

from podium.recipe import Recipe
from worker.schedule import Schedule

FULL_EPOCHS = 8


def schedule(**settings: object) -> Schedule:
    return Schedule(Recipe.model_validate(settings), full_epochs=FULL_EPOCHS)


@pytest.mark.parametrize(
    ("settings", "factors"),
    [
        ({}, {0.0: 1.0, 7.9: 1.0}),
        ({"lr_schedule": "cosine"}, {0.0: 1.0, 4.0: 0.5, 6.0: 0.146447, 8.0: 0.0}),
        ({"lr_schedule": "cosine", "warmup_epochs": 2}, {0.5: 0.25, 1.0: 0.5, 2.0: 1.0, 5.0: 0.5, 8.0: 0.0}),
        ({"lr_schedule": "step", "lr_step_epochs": 3, "lr_decay": 0.5}, {0.0: 1.0, 2.99: 1.0, 3.0: 0.5, 6.1: 0.25}),
        ({"lr_schedule": "step", "lr_step_epochs": 1, "lr_decay": 0.5, "warmup_epochs": 2}, {1.5: 0.75 * 0.5}),
        ({"warmup_epochs": 4}, {0.01: 0.0025, 2.0: 0.5, 4.0: 1.0, 8.0: 1.0}),
    ],
    ids=str,
)
def test_the_factor_at_a_moment(settings: dict[str, object], factors: dict[float, float]) -> None:
    each = schedule(**settings)
    assert {moment: each.factor(moment) for moment in factors} == pytest.approx(factors, abs=1e-6)


def test_the_plateau_decays_when_its_patience_is_at_an_end() -> None:
    each = schedule(lr_patience=1, lr_decay=0.1)
    seen = []
    for loss in (1.0, 0.9, 0.95, 0.96, 0.97, 0.5):
        each.observe(loss)
        seen.append(each.factor(1.0))
    assert seen == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1, 0.1])


def test_a_plateau_goes_on_where_it_was_left() -> None:
    straight, first, second = (schedule(lr_patience=0, lr_decay=0.5) for _ in range(3))
    for loss in (1.0, 1.1, 1.2, 1.3):
        straight.observe(loss)
    for loss in (1.0, 1.1):
        first.observe(loss)
    second.load_state_dict(first.state_dict())  # type: ignore[arg-type]  # as torch.load gives it
    for loss in (1.2, 1.3):
        second.observe(loss)
    assert second.factor(4.0) == straight.factor(4.0) == 0.125


def test_no_other_schedule_heeds_what_is_measured() -> None:
    each = schedule(lr_schedule="cosine", lr_patience=0)
    for loss in (1.0, 2.0, 3.0):
        each.observe(loss)
    assert each.factor(4.0) == pytest.approx(0.5)
