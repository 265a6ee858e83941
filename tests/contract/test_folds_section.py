"""`folds` and `repeats`: what they may be, and which metrics there are with them."""

from typing import Any

import pytest

from podium.faults import SpecRejected, parse_spec
from podium.trainer import Training
from tests.builders import spec_document

PARAMETERS = {"learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"}}


def parsed(training: dict[str, object], **sections: Any) -> Training:
    given = {"parameters": PARAMETERS, **sections}
    spec = parse_spec(spec_document(trial=None, training={"dataset": "digits", **training}, **given))
    assert spec.training is not None
    return spec.training


@pytest.mark.parametrize(
    ("given", "members"), [({}, 1), ({"folds": 2}, 2), ({"folds": 20}, 20), ({"repeats": 3}, 3)], ids=str
)
def test_a_result_is_the_mean_of_so_many_trainings(given: dict[str, object], members: int) -> None:
    assert parsed(given).members == members


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"folds": 1}, "training.folds", "greater than or equal to 2"),
        ({"folds": 21}, "training.folds", "less than or equal to 20"),
        ({"repeats": 2.5}, "training.repeats", "integer"),
        ({"folds": True}, "training.folds", "integer"),
        ({"folds": 5, "repeats": 2}, "training", "`folds` or `repeats`, not both"),
    ],
    ids=str,
)
def test_what_cannot_be_is_named(given: dict[str, object], path: str, says: str) -> None:
    with pytest.raises(SpecRejected) as caught:
        parsed(given)
    [fault] = caught.value.faults
    assert fault.path == path
    assert says in fault.allowed


def test_they_are_not_tuned() -> None:
    with pytest.raises(SpecRejected) as caught:
        parsed({}, parameters={"folds": {"type": "integer", "low": 2, "high": 5}})
    assert [fault.path for fault in caught.value.faults] == ["parameters.folds"]


def test_spreads_are_metrics_where_there_are_several_trainings() -> None:
    steady = {"thresholds": [{"metric": "val_accuracy_stderr", "at_most": 0.01}]}
    assert parsed({"repeats": 5}, **steady).repeats == 5
    assert parsed({"folds": 5}, other_objectives=[{"metric": "val_loss_stderr", "direction": "minimize"}]).folds == 5
    with pytest.raises(SpecRejected) as caught:
        parsed({}, **steady)
    [fault] = caught.value.faults
    assert fault.path == "thresholds[0].metric"
    assert "val_accuracy_stderr" not in fault.allowed.split(" (did")[0]
