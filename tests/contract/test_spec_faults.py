"""Every fault of a spec is told, all at once, each with its path, what was found and what is allowed."""

import copy
import math
from typing import Any

import pytest

from podium.documents import read_document
from podium.fault import Fault
from podium.faults import SpecRejected, parse_spec

REMOVED = object()
SOUND: dict[str, Any] = {
    "name": "digits-resnet18",
    "objective": {"metric": "val_accuracy", "direction": "maximize"},
    "parameters": {
        "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
        "batch_size": {"type": "integer", "low": 16, "high": 256, "scale": "log", "base": 2},
        "nesterov": {"type": "categorical", "choices": [True, False]},
        "momentum": {"type": "real", "low": 0.001, "high": 0.9},
    },
    "fidelity": {"resource": "epochs", "rungs": {"small": 1, "medium": 4, "full": 8}},
    "budget": {"cost": 12, "runs": 220},
    "parallelism": 2,
    "seed": 7,
    "baseline": {"learning_rate": 0.1, "batch_size": 64, "nesterov": False, "momentum": 0.9},
    "training": {"dataset": "digits", "image_size": 32},
}


def changed(changes: dict[str, object]) -> dict[str, Any]:
    """Return the sound spec with the value at each dotted path replaced, added or REMOVED."""
    document = copy.deepcopy(SOUND)
    for path, value in changes.items():
        *way, key = path.split(".")
        section = document
        for step in way:
            section = section[step]
        if value is REMOVED:
            del section[key]
        else:
            section[key] = value
    return document


def faults_in(document: object) -> list[Fault]:
    with pytest.raises(SpecRejected) as rejected:
        parse_spec(document)
    return rejected.value.faults


def test_the_sound_spec_is_sound() -> None:
    assert parse_spec(SOUND).parameters.keys() == SOUND["parameters"].keys()


def test_the_trainers_own_default_written_down_fixes_nothing_that_is_tuned() -> None:
    assert parse_spec(changed({"training.momentum": 0.9})).parameters["momentum"].type == "real"


def real(low: float, high: float, **more: object) -> dict[str, object]:
    return {"type": "real", "low": low, "high": high, **more}


LR = "parameters.learning_rate"
EPOCHS: dict[str, object] = SOUND["fidelity"]
TABLE: list[tuple[str, dict[str, object], str, object, str]] = [
    ("unknown key", {"paralelism": 2}, "paralelism", 2, "did you mean 'parallelism'?"),
    ("unknown key inside", {"budget.costs": 3}, "budget.costs", 3, "one of cost, hours, money, runs"),
    ("unknown key in a parameter", {f"{LR}.lo": 0.1}, f"{LR}.lo", 0.1, "one of high, hint, low, scale, type, when"),
    ("missing section", {"objective": REMOVED}, "objective", None, "it is missing"),
    ("missing bound", {f"{LR}.low": REMOVED}, f"{LR}.low", None, "it is missing"),
    ("inverted bounds", {LR: real(1.0, 0.1)}, LR, real(1.0, 0.1), "`low` must be below `high`"),
    ("equal bounds", {LR: real(0.1, 0.1)}, LR, real(0.1, 0.1), "`low` must be below `high`"),
    ("log at zero", {LR: real(0.0, 1.0, scale="log")}, LR, real(0.0, 1.0, scale="log"), "needs bounds above 0"),
    ("log below zero", {LR: real(-1.0, 1.0, scale="log")}, LR, real(-1.0, 1.0, scale="log"), "needs bounds above 0"),
    ("NaN", {f"{LR}.low": math.nan}, f"{LR}.low", "nan", "a finite number"),
    ("infinity", {f"{LR}.high": math.inf}, f"{LR}.high", "inf", "a finite number"),
    ("infinite budget", {"budget.cost": math.inf}, "budget.cost", "inf", "a finite number"),
    ("NaN in the baseline", {"baseline.momentum": math.nan}, "baseline.momentum", "nan", "a finite number"),
    ("text for a number", {f"{LR}.low": "0.1"}, f"{LR}.low", "0.1", "a valid number"),
    ("boolean for a number", {"seed": True}, "seed", True, "a valid integer"),
    (
        "a bound that is no power",
        {"parameters.batch_size.low": 17},
        "parameters.batch_size",
        SOUND["parameters"]["batch_size"] | {"low": 17},
        "a power of 2",
    ),
    (
        "a bound beyond floating point",
        {"parameters.batch_size": {"type": "integer", "low": 1, "high": 10**400}},
        "parameters.batch_size.high",
        "an integer of 1329 bits",
        "less than or equal to 9007199254740992",
    ),
    (
        "a lower bound beyond floating point",
        {"parameters.batch_size": {"type": "integer", "low": -(10**400), "high": 8}},
        "parameters.batch_size.low",
        "an integer of 1329 bits",
        "greater than or equal to -9007199254740992",
    ),
    (
        "duplicate choices",
        {"parameters.nesterov.choices": [True, False, True]},
        "parameters.nesterov.choices",
        [True, False, True],
        "duplicate choice True",
    ),
    (
        "unknown type",
        {f"{LR}.type": "float"},
        LR,
        real(1e-4, 1.0, scale="log") | {"type": "float"},
        "`type` one of 'real', 'integer', 'categorical'",
    ),
    (
        "no rung at full cost",
        {"fidelity.max": 10},
        "fidelity",
        EPOCHS | {"max": 10},
        "no rung at full cost: one rung must be 10",
    ),
    ("no rungs", {"fidelity.rungs": {}}, "fidelity", EPOCHS | {"rungs": {}}, "no rung at full cost"),
    (
        "rungs out of order",
        {"fidelity.rungs": {"a": 4, "b": 1, "c": 8}},
        "fidelity",
        EPOCHS | {"rungs": {"a": 4, "b": 1, "c": 8}},
        "rungs out of order",
    ),
    ("min above max", {"fidelity": {"min": 9, "max": 8}}, "fidelity", {"min": 9, "max": 8}, "must not exceed `max`"),
    ("half a range", {"fidelity": {"min": 1}}, "fidelity", {"min": 1}, "give `rungs`, or both `min` and `max`"),
    ("poor budget", {"budget": {"cost": 0.5}}, "budget", {"cost": 0.5}, "cannot pay one full training"),
    ("no budget", {"budget": {}}, "budget", {}, "give `cost` (full trainings), `runs`, or both"),
    ("baseline misses", {"baseline.momentum": REMOVED}, "baseline.momentum", None, "it is missing"),
    ("baseline exceeds", {"baseline.momentun": 0.9}, "baseline.momentun", 0.9, "did you mean 'momentum'?"),
    ("baseline outside", {"baseline.batch_size": 65}, "baseline.batch_size", 65, "a power of 2 in [16, 256]"),
    ("baseline of another type", {"baseline.nesterov": 0}, "baseline.nesterov", 0, "one of True, False"),
    ("fixed and tuned", {"training.momentum": 0.5}, "training.momentum", "fixed and tuned at once", "one of the two"),
    ("both", {"trial": {"command": ["python", "train.py"]}}, "training", "both", "one of the two"),
    ("neither", {"training": REMOVED}, "training", "neither", "one of the two"),
    ("unknown data set", {"training.dataset": "cifar_10"}, "training.dataset", "cifar_10", "'cifar10', 'cifar100'"),
    ("unknown cache", {"training.cache": "ram"}, "training.cache", "ram", "'auto', 'memory', 'disk' or 'none'"),
    ("unknown remedy", {"training.on_bad_image": "drop"}, "training.on_bad_image", "drop", "'fail' or 'skip'"),
    ("data of digits", {"training.data": "/x"}, "training", {**SOUND["training"], "data": "/x"}, "scikit-learn"),
    (
        "no data",
        {"training.dataset": "cifar10"},
        "training",
        {**SOUND["training"], "dataset": "cifar10"},
        "`data` must",
    ),
    (
        "unknown metric",
        {"objective.metric": "accuracy"},
        "objective.metric",
        "accuracy",
        "did you mean 'val_accuracy'?",
    ),
    ("beyond the trainer", {LR: real(0.1, 500.0)}, f"{LR}.high", 500.0, "real in (0, 100]"),
    ("nesterov at rest", {"parameters.momentum.low": 0.0}, "parameters.momentum", 0, "since nesterov may be true"),
    ("no slots", {"parallelism": 0}, "parallelism", 0, "greater than or equal to 1"),
    ("upper case", {"name": "Digits"}, "name", "Digits", "a DNS label of 1 to 36"),
    ("dash last", {"name": "digits-"}, "name", "digits-", "a DNS label of 1 to 36"),
    ("digit first", {"name": "1digits"}, "name", "1digits", "a DNS label of 1 to 36"),
    ("too long", {"name": "d" * 41}, "name", "d" * 41, "a DNS label of 1 to 36"),
    ("empty", {"name": ""}, "name", "", "a DNS label of 1 to 36"),
    ("a line break at the end", {"name": "digits\n"}, "name", "digits\n", "a DNS label of 1 to 36"),
]


@pytest.mark.parametrize(
    ("changes", "path", "found", "allowed"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_fault_names_its_path_and_what_is_allowed(
    changes: dict[str, object], path: str, found: object, allowed: str
) -> None:
    faults = faults_in(changed(changes))
    assert [fault.path for fault in faults] == [path]
    assert allowed in faults[0].allowed
    assert faults[0].found == found
    assert type(faults[0].found) is type(found)


def test_a_parameter_that_the_trainer_does_not_know_is_told_with_the_likeliest_meant() -> None:
    document = changed({"parameters.learning_rat": real(0.1, 0.2), LR: REMOVED, "baseline": REMOVED})
    (fault,) = faults_in(document)
    assert (fault.path, fault.found) == ("parameters.learning_rat", "learning_rat")
    assert "did you mean 'learning_rate'?" in fault.allowed


@pytest.mark.parametrize("count", [50, 51])
def test_at_most_fifty_parameters(count: int) -> None:
    document = changed({"training": REMOVED, "baseline": REMOVED, "trial": {"command": ["python", "train.py"]}})
    document["parameters"] = {f"p{n}": real(0.0, 1.0) for n in range(count)}
    if count == 50:
        assert len(parse_spec(document).parameters) == 50
    else:
        (fault,) = faults_in(document)
        assert fault.path == "parameters"
        assert "at most 50" in fault.allowed


def test_many_faults_are_told_at_once_each_once() -> None:
    document = changed(
        {
            "name": "No Label",
            "colour": "red",
            "objective.metric": "speed",
            LR: real(1.0, 0.1, lo=3),
            "parameters.batch_size.base": 3,
            "parameters.nesterov.choices": [True, True],
            "parameters.warmup": real(0.0, 1.0),
            "fidelity.rungs": {"full": 8, "small": 1},
            "budget.cost": 0.25,
            "parallelism": 0,
            "baseline.momentum": 2.0,
            "training.momentum": 0.5,
        }
    )
    paths = [fault.path for fault in faults_in(document)]
    assert sorted(paths) == sorted(set(paths))
    assert set(paths) == {
        "name",
        "colour",
        "objective.metric",
        f"{LR}.lo",
        LR,
        "parameters.batch_size",
        "parameters.nesterov.choices",
        "parameters.warmup",
        "fidelity",
        "budget",
        "parallelism",
        "baseline.momentum",
        "baseline.warmup",
        "training.momentum",
    }


@pytest.mark.parametrize("document", [None, [], "digits", 7, [SOUND]])
def test_what_is_no_mapping_has_one_fault(document: object) -> None:
    (fault,) = faults_in(document)
    assert fault.path == ""
    assert fault.allowed == "a mapping: keys with values"


@pytest.mark.parametrize(
    "text",
    [
        "&a [*a]",
        "name: &a [*a]",
        "parameters: {x: {type: categorical, choices: [2001-01-01, 2002-02-02]}}",
        "budget: {1: 2, 2.5: 3, 2001-01-01: 4}",
        "fidelity: {rungs: !!set {a, b}}",
        "seed: 0x" + "f" * 8000,
        "name: !!binary aGVsbG8=",
        "b: &b [&a [x, x, x, x, x, x, x, x, x], *a, *a, *a, *a, *a, *a, *a, *a]\nname: [*b, *b, *b, *b, *b, *b, *b]",
    ],
)
def test_what_only_yaml_can_say_is_a_fault_that_json_can_carry(text: str) -> None:
    for fault in faults_in(read_document(text)):
        assert Fault.model_validate_json(fault.model_dump_json()) == fault
        assert len(str(fault)) < 1000


def test_booleans_and_integers_stay_what_they_were() -> None:
    spec = parse_spec(SOUND)
    assert spec.baseline is not None
    assert [type(spec.baseline[name]) for name in ("nesterov", "batch_size", "momentum")] == [bool, int, float]
    again = parse_spec(read_document(spec.model_dump_json(exclude_unset=True)))
    assert again == spec
    assert again.model_dump_json(exclude_unset=True) == spec.model_dump_json(exclude_unset=True)
