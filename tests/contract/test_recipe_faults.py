"""Every setting of the trainer may be tuned, within the range that it has when it is fixed."""

from typing import Any

import pytest

from podium.faults import SpecRejected, parse_spec
from podium.recipe import HYPERPARAMETERS, Kind

REAL: dict[str, Any] = {"type": "real", "low": 0.1, "high": 0.9}
WHOLE: dict[str, Any] = {"type": "integer", "low": 1, "high": 4}
SIZES: dict[str, Any] = {"type": "integer", "low": 32, "high": 64}
RUNGS: dict[str, Any] = {"small": 1, "medium": 4, "full": 8}


def spec(parameters: dict[str, Any], training: dict[str, Any], **fidelity: object) -> dict[str, Any]:
    return {
        "name": "digits",
        "objective": {"metric": "val_accuracy", "direction": "maximize"},
        "parameters": parameters,
        "fidelity": {"rungs": RUNGS, **fidelity},
        "budget": {"runs": 12},
        "training": {"dataset": "digits", "image_size": 32, **training},
    }


def faults_in(document: object) -> dict[str, tuple[object, str]]:
    with pytest.raises(SpecRejected) as rejected:
        parse_spec(document)
    return {fault.path: (fault.found, fault.allowed) for fault in rejected.value.faults}


def choice(*choices: object) -> dict[str, Any]:
    return {"type": "categorical", "choices": list(choices)}


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_each_setting_may_be_tuned(name: str) -> None:
    known = HYPERPARAMETERS[name]
    tuned = {
        Kind.REAL: REAL,
        Kind.INTEGER: SIZES if name == "image_size" else WHOLE,
        Kind.BOOLEAN: choice(True, False),
        Kind.CHOICE: choice(*known.allowed.removeprefix("one of ").split(", ")),
    }
    document = spec({name: tuned[known.kind]}, {})
    document["training"].pop(name, None)
    assert set(parse_spec(document).parameters) == {name}


@pytest.mark.parametrize(
    ("tuned", "path", "found", "allowed"),
    [
        ({"optimizer": choice("sgd", "lion")}, "optimizer.choices[1]", "lion", "one of sgd, adamw"),
        ({"nesterov": choice(True, 0)}, "nesterov.choices[1]", 0, "true or false"),
        ({"trainable": REAL}, "trainable.type", "real", "one of head, layer4, layer3, layer2, layer1, all"),
        ({"augmentation": WHOLE}, "augmentation.type", "integer", "one of none, flip, randaugment, trivialaugment"),
        ({"warmup_epochs": REAL}, "warmup_epochs.type", "real", "integer in [0, 10000]"),
        ({"label_smoothing": REAL | {"high": 1.0}}, "label_smoothing.high", 1.0, "real in [0, 1)"),
        ({"learning_rate": REAL | {"low": 0.0}}, "learning_rate.low", 0.0, "real in (0, 100]"),
        ({"warmup_epochs": WHOLE | {"high": 8}}, "warmup_epochs.high", 8, "fewer than the 8 epochs"),
        ({"warmup_epochs": choice(0, 8)}, "warmup_epochs.choices[1]", 8, "fewer than the 8 epochs"),
    ],
)  # fmt: skip
def test_a_tuned_setting_keeps_to_its_range(tuned: dict[str, Any], path: str, found: object, allowed: str) -> None:
    [(at, (given, told))] = faults_in(spec(tuned, {})).items()
    assert (at, given) == (f"parameters.{path}", found)
    assert told.startswith(allowed)


@pytest.mark.parametrize(
    ("fixed", "path", "allowed"),
    [
        ({"warmup_epochs": 8}, "warmup_epochs", "fewer than the 8 epochs"),
        ({"weights": "imagnet"}, "weights", "none, imagenet, or the path or URL"),
        ({"trainable": "layer5"}, "trainable", "'head'"),
        ({"mixup": -1}, "mixup", "greater than or equal to 0"),
        ({"batch_size": 1.5}, "batch_size", "integer"),
    ],
    ids=str,
)
def test_a_fixed_setting_keeps_to_its_range(fixed: dict[str, Any], path: str, allowed: str) -> None:
    [(name, found)] = fixed.items()
    faults = faults_in(spec({"momentum": REAL}, {name: found}))
    assert faults.keys() == {f"training.{path}"}
    assert faults[f"training.{path}"][0] == found
    assert allowed in faults[f"training.{path}"][1]


def test_images_have_one_size_at_a_rung() -> None:
    document = spec({"image_size": SIZES}, {}, image_size={"small": 32, "medium": 32, "full": 224})
    document["training"].pop("image_size")
    found, allowed = faults_in(document)["fidelity.image_size"]
    assert (found, allowed) == (
        "sizes of rungs beside a tuned image_size",
        "one of the two: a size for each rung, or a tuned size",
    )


def test_nesterov_needs_momentum_where_it_counts() -> None:
    momentum = {"momentum": REAL | {"low": 0.0}}
    either = {"optimizer": choice("adamw", "sgd")}
    assert parse_spec(spec(momentum, {"nesterov": True, "optimizer": "adamw"})).training is not None
    assert faults_in(spec(momentum | either, {"nesterov": True})).keys() == {"parameters.momentum"}
