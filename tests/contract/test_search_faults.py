"""What a spec may not say about conditions, constraints and the configurations that a user gives."""

import copy
from typing import Any

import pytest

from podium.faults import SpecRejected, parse_spec
from tests.builders import spec_document

SPEC: dict[str, Any] = {
    "name": "conditional",
    "objective": {"metric": "score"},
    "parameters": {
        "optimizer": {"type": "categorical", "choices": ["sgd", "adamw"]},
        "momentum": {"type": "real", "low": 0.1, "high": 0.9, "when": {"optimizer": ["sgd"]}},
        "depth": {"type": "integer", "low": 1, "high": 8},
        "width": {"type": "integer", "low": 16, "high": 256},
    },
    "constraints": [{"terms": {"depth": 10, "width": 1}, "at_most": 200}],
    "fidelity": {"rungs": {"small": 1, "full": 4}},
    "budget": {"cost": 5},
    "baseline": {"optimizer": "sgd", "momentum": 0.9, "depth": 2, "width": 64},
    "guesses": [{"optimizer": "adamw", "depth": 4, "width": 64}],
    "trial": {"command": ["python", "train.py"]},
}


def changed(**sections: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SPEC), **sections}


def parameters(**changes: Any) -> dict[str, Any]:
    return changed(parameters={**SPEC["parameters"], **changes})


def faults_of(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SpecRejected) as rejected:
        parse_spec(document)
    return {fault.path: fault.allowed for fault in rejected.value.faults}


RUNGS = {"small": 1, "full": 4}


@pytest.mark.parametrize(
    ("second", "allowed"),
    [
        ({"data_share": {"smal": 0.5}}, "`data_share` names smal, but the rungs are small, full"),
        ({"data_share": {"full": 0.5}}, "`data_share` of full, the full rung, must be 1, found 0.5"),
        ({"rungs": RUNGS | {"all": 8}, "data_share": {"small": 0.9, "full": 0.5}}, "must not shrink from rung to rung"),
        ({"image_size": {"small": 32}}, "`image_size` must be given for every rung; it lacks full"),
        ({"image_size": {"small": 64, "full": 32}}, "`image_size` must not shrink from rung to rung, found [64, 32]"),
        ({"rungs": None, "min": 1, "max": 4, "data_share": {"r1": 0.5}}, "names r1, but the rungs are without names"),
    ],
)
def test_a_second_fidelity_climbs_with_the_rungs(second: dict[str, Any], allowed: str) -> None:
    assert allowed in faults_of(changed(fidelity={"rungs": RUNGS, **second}))["fidelity"]


def test_the_full_rung_has_the_trainings_images() -> None:
    sized = {"rungs": RUNGS, "image_size": {"small": 32, "full": 64}}
    assert faults_of(changed(fidelity=sized))["fidelity.image_size"].startswith("nothing without `training`")
    trained = spec_document(trial=None, training={"dataset": "digits", "image_size": 96}, fidelity=sized)
    assert faults_of(trained)["fidelity.image_size.full"] == "96, the `training.image_size` of the full training"


def test_a_sound_one_is_read() -> None:
    spec = parse_spec(SPEC)
    assert spec.parameters["momentum"].when == {"optimizer": ["sgd"]}
    assert spec.guesses == SPEC["guesses"]
    assert parse_spec(spec.model_dump(mode="json", exclude_none=True)) == spec


@pytest.mark.parametrize(
    ("when", "path", "allowed"),
    [
        ({"optimiser": ["sgd"]}, "optimiser", "did you mean 'optimizer'?"),
        ({"optimizer": ["sgd", "adam"]}, "optimizer[1]", "one of 'sgd', 'adamw'"),
        ({"depth": [9]}, "depth[0]", "an integer in [1, 8]"),
        ({"rate": [0.1]}, "rate", "a categorical or an integer parameter"),
    ],
)
def test_a_condition_names_a_parameter_that_can_switch(when: dict[str, Any], path: str, allowed: str) -> None:
    momentum = {**SPEC["parameters"]["momentum"], "when": when}
    document = parameters(momentum=momentum, rate={"type": "real", "low": 0.0, "high": 1.0})
    assert allowed in faults_of(document)[f"parameters.momentum.when.{path}"]


def test_conditions_lead_in_no_circle() -> None:
    document = parameters(
        depth={"type": "integer", "low": 1, "high": 8, "when": {"width": [16]}},
        width={"type": "integer", "low": 16, "high": 256, "when": {"depth": [1]}},
        momentum={"type": "categorical", "choices": [0, 1], "when": {"momentum": [1]}},
    )
    faults = faults_of(document)
    assert {f"parameters.{name}.when" for name in ("depth", "width", "momentum")} <= faults.keys()


@pytest.mark.parametrize(
    ("constraint", "path", "allowed"),
    [
        ({"terms": {"dept": 1}, "at_most": 3}, ".terms.dept", "did you mean 'depth'?"),
        ({"terms": {"optimizer": 1}, "at_most": 3}, ".terms.optimizer", "a number"),
        ({"terms": {"depth": 1, "width": 1}, "at_most": 16}, ".at_most", "at least 17"),
        ({"terms": {"depth": -1}, "at_least": 0}, ".at_least", "at most -1"),
        ({"terms": {"depth": 1}}, "", "`at_least`, `at_most`, or both"),
        ({"terms": {"depth": 1}, "at_least": 3, "at_most": 2}, "", "must not exceed"),
        ({"terms": {}, "at_most": 2}, ".terms", "at least 1 of them"),
    ],
)
def test_a_constraint_can_be_met_by_numbers_that_exist(constraint: dict[str, Any], path: str, allowed: str) -> None:
    faults = faults_of(changed(constraints=[constraint], baseline=None, guesses=[]))
    assert allowed in faults[f"constraints[0]{path}"]


@pytest.mark.parametrize("place", ["baseline", "guesses[1]"])
@pytest.mark.parametrize(
    ("configuration", "name", "allowed"),
    [
        ({"optimizer": "adamw", "momentum": 0.5, "depth": 1, "width": 16}, ".momentum", "its `when` does not hold"),
        ({"optimizer": "sgd", "depth": 1, "width": 16}, ".momentum", "it is missing"),
        ({"optimizer": "sgd", "momentum": 1.0, "depth": 1, "width": 16}, ".momentum", "a number in [0.1, 0.9]"),
        ({"optimizer": "adamw", "depth": 8, "width": 256}, "", "what meets constraints[0]"),
        ({"optimizer": "adamw", "depth": 8, "width": 16, "heads": 2}, ".heads", "one of"),
    ],
)
def test_what_a_user_wants_tried_is_a_configuration(
    place: str, configuration: dict[str, Any], name: str, allowed: str
) -> None:
    given = {"baseline": configuration} if place == "baseline" else {"guesses": [*SPEC["guesses"], configuration]}
    assert allowed in faults_of(changed(**given))[f"{place}{name}"]


@pytest.mark.parametrize(
    ("hint", "path", "allowed"),
    [
        ({"value": 9}, "hint.value", "an integer in [1, 8]"),
        ({"value": 2, "spread": 0}, "hint.spread", "greater than 0"),
        ({"spread": 0.1}, "hint.value", "it is missing"),
    ],
)
def test_a_hint_is_a_value_of_its_parameter(hint: dict[str, Any], path: str, allowed: str) -> None:
    document = parameters(depth={"type": "integer", "low": 1, "high": 8, "hint": hint})
    assert allowed in faults_of(document)[f"parameters.depth.{path}"]


@pytest.mark.parametrize(
    ("sections", "path", "allowed"),
    [
        ({"thresholds": [{"metric": "loss", "at_most": 1, "at_least": 0}]}, "thresholds[0]", "write two thresholds"),
        ({"thresholds": [{"metric": "loss"}]}, "thresholds[0]", "give `at_least` or `at_most`"),
        ({"other_objectives": [{"metric": "score"}]}, "other_objectives[0].metric", "another metric than that of obj"),
        ({"other_objectives": [{"metric": "ms"}], "stop_when": {"expected_gain": 0.1}}, "stop_when", "one objective"),
        ({"other_objectives": [{"metric": "ms"}], "stop_early": True}, "stop_early", "one objective"),
        ({"fidelity": {"rungs": {"a": 4}, "resumable": False}, "stop_early": True}, "stop_early", "resumable: true"),
        ({"stop_when": {"expected_gain": 0}}, "stop_when.expected_gain", "greater than 0"),
    ],
)
def test_goals_and_ends_make_sense_together(sections: dict[str, Any], path: str, allowed: str) -> None:
    assert allowed in faults_of(changed(**sections))[path]


def test_the_built_in_trainer_reports_the_metrics_that_have_thresholds() -> None:
    document = changed(training={"dataset": "digits"}, thresholds=[{"metric": "val_los", "at_most": 1.0}])
    del document["trial"]
    assert "did you mean 'val_loss'?" in faults_of(document)["thresholds[0].metric"]


def test_a_value_of_the_wrong_type_is_told_though_a_constraint_needs_it() -> None:
    faults = faults_of(changed(guesses=[{"optimizer": "adamw", "depth": "deep", "width": 64}]))
    assert faults == {"guesses[0].depth": "an integer in [1, 8]"}


def test_conditions_on_many_parents_are_checked_at_once() -> None:
    chain: dict[str, Any] = {}
    for number in range(50):
        chain[f"p{number}"] = {"type": "integer", "low": 0, "high": 1, "when": {name: [1] for name in chain}}
        if not number:
            del chain["p0"]["when"]
    guess = dict.fromkeys(chain, 1)
    document = {name: section for name, section in SPEC.items() if name not in ("baseline", "constraints")}
    assert parse_spec({**document, "parameters": chain, "guesses": [guess]}).guesses == [guess]
