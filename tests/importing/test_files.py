"""Files of other tools, each with whatever its tool can say, and what becomes of them."""

import contextlib
import copy
import functools
import json
import math
import operator
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.documents import UnreadableDocument, read_document
from podium.faults import parse_spec
from podium.importing import katib, orchestrate, sigopt
from podium.importing.remark import Kind
from podium.importing.road import Imported, Road, imported
from podium.importing.source import NotImportable, Source

HERE = Path(__file__).parent


def one(name: str, **options: Any) -> Imported:
    [found] = imported((HERE / name).read_text(), **options)
    assert found.faults == []
    assert parse_spec(read_document(found.text)).name == found.document["name"], "what is written is what is meant"
    return found


def remarks(found: Imported, kind: Kind) -> dict[str, str]:
    return {each.where: each.words for each in found.remarks if each.kind is kind}


def test_every_type_of_katibs() -> None:
    found = one("katib.yaml")
    assert found.road is Road.KATIB
    assert found.document["name"] == "every-type"
    assert found.document["objective"] == {"metric": "loss", "direction": "minimize"}
    assert found.document["parameters"] == {
        "lr": {"type": "real", "low": 0.001, "high": 0.1, "scale": "log"},
        "decay": {"type": "real", "low": 0.0, "high": 0.9, "hint": {"value": 0.45, "spread": 0.167}},
        "batch_size": {
            "type": "integer",
            "low": 16,
            "high": 256,
            "scale": "log",
            "hint": {"value": 64, "spread": 0.167},
        },
        "layers": {"type": "integer", "low": 2, "high": 5},
        "width": {"type": "integer", "low": 32, "high": 128, "scale": "log", "base": 2},
        "momentum": {"type": "categorical", "choices": [0.5, 0.9]},
        "optimizer": {"type": "categorical", "choices": ["sgd", "adam"]},
    }
    assert found.document["fidelity"] == {"min": 1, "max": 9, "resumable": False}
    assert found.document["budget"] == {"runs": 12}
    assert found.document["parallelism"] == 3


def test_a_katib_template_becomes_a_trial_that_fills_in_its_parameters() -> None:
    trial = one("katib.yaml").document["trial"]
    assert trial["command"] == [
        "python", "-m", "podium.wrapped", "--metric", "loss", "--metric", "accuracy", "--",
        "env", "LR=${lr}", "python3", "mnist.py",
        "--lr=${lr}", "--batch=${batch_size}", "--epochs=${PODIUM_EPOCHS}", "--home=$${HOME}", "--seed=1",
    ]  # fmt: skip
    assert trial["envFrom"] == [{"secretRef": {"name": "keys"}}]
    assert trial["nodeSelector"] == {"pool": "gpu"}
    assert trial["env"] == {"A": "b"}
    assert trial["resources"] == {"limits": {"nvidia.com/gpu": "1"}}
    [volume] = trial["volumes"]
    assert volume["persistentVolumeClaim"] == {"claimName": "mnist"}
    assert volume["readOnly"] is True


def test_what_katib_has_and_podium_has_not_is_said_with_its_line() -> None:
    found = one("katib.yaml")
    lost = {each.where: each.line for each in found.remarks if each.kind is Kind.LOST}
    assert lost["spec.objective.goal"] == 12
    assert lost["spec.parameters[1].feasibleSpace.step"] == 29
    assert lost["spec.maxFailedTrialCount"] == 21
    assert lost["spec.metricsCollectorSpec"] == 24
    assert lost["spec.metricsCollectorSpec.source.filter.metricsFormat"] == 25
    assert lost["spec.trialTemplate.successCondition"] == 39
    template = "spec.trialTemplate.trialSpec.spec"
    assert {f"{template}.backoffLimit", f"{template}.template.metadata.annotations"} <= lost.keys()
    assert remarks(found, Kind.CHANGED)["spec.parameters[7].feasibleSpace"].startswith("it is 1 and nothing else")
    assert {"spec.earlyStopping", "spec.resumePolicy", "spec.algorithm"} <= remarks(found, Kind.CHANGED).keys()
    container = "spec.trialTemplate.trialSpec.spec.template.spec.containers[0]"
    assert {
        f"{container}.env[1]",
        "spec.objective.metricStrategies[0]",
    } <= lost.keys()


KATIB = """
apiVersion: kubeflow.org/v1beta1
kind: Experiment
spec:
  objective: {type: maximize, objectiveMetricName: acc}
  earlyStopping: {algorithmName: medianstop}
  parameters: [{name: lr, parameterType: double, feasibleSpace: {min: 0.1, max: 1}}]
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: lr, reference: lr}]
    trialSpec: {kind: Job, spec: {template: {spec: {nodeSelector: {rate: "${trialParameters.lr}"},
      containers: [{name: main, image: i, command: [train, "${trialParameters.lr}"]}]}}}}
"""


def test_what_katib_does_unasked_and_podium_does_not_is_said() -> None:
    [found] = imported(KATIB)
    lost = remarks(found, Kind.LOST)
    assert "Katib takes the best value" in lost["spec.objective.objectiveMetricName"]
    assert "none ends early" in lost["spec.earlyStopping"], "a training of one epoch has nothing to stop within"
    assert "in `nodeSelector`: only a command" in " ".join(lost.values())


def test_an_orchestrate_file_becomes_rungs_of_the_epochs_in_its_command() -> None:
    found = one("orchestrate.yml")
    assert found.road is Road.ORCHESTRATE
    assert found.document["fidelity"] == {"rungs": {"small": 4, "medium": 20, "full": 40}}
    assert found.document["parameters"]["nesterov"]["choices"] == [True, False]
    assert (found.document["budget"], found.document["parallelism"]) == ({"cost": 220.0}, 20)
    assert "budget.cost" in remarks(found, Kind.CHANGED)["optimization.observation_budget"]
    assert found.document["trial"]["command"] == ["sh", "-c", "python train.py --epochs 40"]
    assert found.document["trial"]["resources"] == {"requests": {"cpu": "500m"}, "limits": {"nvidia.com/gpu": "1"}}
    assert {"repository", "install"} <= remarks(found, Kind.LOST).keys()


def test_full_epochs_may_be_given_and_are_guessed_where_nothing_says_them() -> None:
    assert one("orchestrate.yml", full_epochs=80).document["fidelity"]["rungs"]["small"] == 8
    text = (HERE / "orchestrate.yml").read_text().replace(" --epochs 40", "")
    [found] = imported(text)
    assert found.document["fidelity"] == {"rungs": {"small": 1, "medium": 5, "full": 10}}
    assert "a full training is 10 epochs" in remarks(found, Kind.ASSUMED)["optimization.tasks"]


def test_a_sigopt_experiment_keeps_conditions_constraints_priors_and_bounds() -> None:
    found = one("sigopt.json")
    parameters = found.document["parameters"]
    assert parameters["booster"]["choices"] == ["trees", "dart"]
    assert parameters["drop"]["when"] == {"booster": ["dart"]}
    assert parameters["drop"]["hint"] == {"value": 0.2, "spread": 0.121}
    assert parameters["max_depth"]["hint"] == {"value": 6, "spread": 0.2}
    assert parameters["bins"] == {"type": "integer", "low": 32, "high": 256, "scale": "log", "base": 2}
    assert found.document["thresholds"] == [{"metric": "milliseconds", "at_most": 20.0}]
    assert found.document["constraints"] == [{"terms": {"eta": 1.0, "drop": 2.0}, "at_most": 1.5}]
    assert found.document["trial"] == {"external": True}
    assert found.document["budget"] == {"runs": 40}
    assert {"num_solutions", "parameters[4]"} <= remarks(found, Kind.LOST).keys()


SPACE = "parameters: [{name: a, type: double, bounds: {min: 0, max: 1}%s}, {name: b, type: categorical, "
SPACE += "categorical_values: ['True', 'False']%s}]\nbudget: 9\nmetrics: [{name: m}]\n"


def test_default_values_become_the_baseline_where_every_parameter_has_one() -> None:
    [found] = imported(SPACE % (", default_value: 0.5", ", default_value: 'False'"))
    assert found.faults == []
    assert found.document["baseline"] == {"a": 0.5, "b": False}
    [found] = imported(SPACE % (", default_value: 0.5", ""))
    assert "baseline" not in found.document
    assert "b of them has no default" in remarks(found, Kind.LOST)["parameters[0].default_value"]


@pytest.mark.parametrize(
    "text",
    [
        "parameters: [{name: a-b, type: int, bounds: {min: 0, max: 9}},"
        " {name: a_b, type: int, bounds: {min: 0, max: 9}}]",
        "parameters: [{name: a b, type: int, bounds: {min: 0, max: 9}}]\nconditionals: [{name: a_b, values: [x, y]}]",
        "{apiVersion: kubeflow.org/v1beta1, kind: Experiment, spec: {objective: {type: minimize}, parameters: ["
        "{name: a-b, parameterType: int, feasibleSpace: {min: 0, max: 9}}, "
        "{name: a.b, parameterType: int, feasibleSpace: {min: 0, max: 9}}]}}",
    ],
)
def test_two_parameters_that_would_have_one_name_are_refused(text: str) -> None:
    with pytest.raises(NotImportable, match=r"would both be a_b; rename one"):
        imported(text)


def test_a_prior_on_a_log_scale_is_as_wide_as_its_logarithm_varies() -> None:
    text = "parameters: [{name: a, type: double, transformation: log, bounds: {min: 0.01, max: 1}, "
    [found] = imported(text + "prior: {name: normal, mean: 0.1, scale: 0.046}}]\nbudget: 9\n")
    assert found.document["parameters"]["a"]["hint"] == {"value": 0.1, "spread": 0.0999}  # 0.46 of the 4.6 of the range


def test_the_later_layout_has_its_command_in_a_file_of_its_own() -> None:
    experiment = (
        "parameters: [{name: lr, type: double, bounds: {min: 0.1, max: 1}}]\nbudget: 10\nmetrics: [{name: a}]\n"
    )
    [found] = imported(experiment, run_text="name: GPU test\nrun: python3 model.py\nimage: example.org/m\n")
    assert found.document["name"] == "gpu-test"
    assert found.document["trial"] == {"command": ["sh", "-c", "python3 model.py"], "image": "example.org/m"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("- a\n- b\n", "no mapping"),
        ("a: 1\n", "say what it is with --from"),
        ("optimization: {parameters: []}\n", "searches at least one"),
        ("optimization: {parameters: 5}\n", "must be a list of mappings"),
        (
            "optimization: {parameters: [{name: a, type: double, bounds: {min: x, max: 1}}]}\n",
            "bounds.min must be a number",
        ),
        ("optimization: {parameters: [{name: a, type: complex}]}\n", "type must be double, int or categorical"),
        (
            "optimization: {parameters: [{name: a, type: double, bounds: {min: 2, max: 1}}]}\n",
            "lower bound 2 is above its upper one, 1",
        ),
        (
            "optimization: {parameters: [{name: a, type: int, bounds: {min: 1.5, max: 3}}]}\n",
            "must be whole, found 1.5",
        ),
        (
            "optimization: {parameters: [{name: a, type: double, bounds: {min: 0, max: 1}, prior: {name: normal, "
            "mean: 0.5, scale: 0}}]}\n",
            "scale must be above 0",
        ),
        ("apiVersion: kubeflow.org/v1beta1\nkind: Experiment\n", "spec is missing"),
        ("apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec: {nasConfig: {a: 1}}\n", "no architectures"),
        ("apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nspec: {parameters: 7}\n", "list of mappings"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_is_wanted(text: str, says: str) -> None:
    with pytest.raises(NotImportable, match=says):
        imported(text)


def test_broken_yaml_says_its_line() -> None:
    with pytest.raises(UnreadableDocument, match="line 3"):
        imported("a: 1\nb: [\n")


READERS: dict[str, Callable[[Source], object]] = {
    "katib.yaml": katib.experiment,
    "orchestrate.yml": orchestrate.orchestrated,
    "sigopt.json": lambda source: sigopt.experiment(source, source.document),
}


def nodes(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each node of a document, its root left out."""
    for step, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, step)
        yield from nodes(inner, (*path, step))


@pytest.mark.parametrize("name", READERS)
def test_whatever_stands_where_something_else_is_wanted_never_breaks_the_reader(name: str) -> None:
    """The answer is a line that says where, or a document that may have faults; never a traceback."""
    text = (HERE / name).read_text().rpartition("\n---\n")[2]
    whole = json.loads(json.dumps(read_document(text)))
    ways = list(nodes(whole))
    assert len(ways) > 40
    for *way, last in ways:
        wrong: Any
        for wrong in (None, -1.5, "text", [], {}, [1], [{}], [[1]], {"a": []}, True, math.nan, math.inf):
            document = copy.deepcopy(whole)
            functools.reduce(operator.getitem, way, document)[last] = wrong
            with contextlib.suppress(NotImportable):
                READERS[name](Source(document))
