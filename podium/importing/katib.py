"""An Experiment of Katib's, v1beta1.

Source: Katib's API types (pkg/apis/controller/experiments/v1beta1/experiment_types.go) and its user guides.
"""

import math
from collections.abc import Mapping
from typing import Any

from podium.importing.katib_trial import trial
from podium.importing.naming import named, parameter_name, refuse_twins
from podium.importing.source import Found, NotImportable, Source, number, section, sections, values, whole
from podium.importing.space import Written, hinted, listed, ranged
from podium.parameters import Value

KINDS = {"double": "real", "int": "integer"}
SPEC = (
    "objective", "algorithm", "parameters", "parallelTrialCount", "maxTrialCount", "maxFailedTrialCount",
    "trialTemplate", "earlyStopping", "resumePolicy", "metricsCollectorSpec", "nasConfig",
)  # fmt: skip
OF_AN_OBJECTIVE = ("type", "goal", "objectiveMetricName", "additionalMetricNames", "metricStrategies")
OF_A_SPACE = ("min", "max", "list", "step", "distribution")
RESOURCE = "resource_name"
"""Hyperband's setting that names the parameter which says how long a trial trains."""


def is_katib(document: Mapping[str, Any]) -> bool:
    return str(document.get("apiVersion", "")).startswith("kubeflow.org/") and document.get("kind") == "Experiment"


def experiment(source: Source) -> Written:
    """Return the spec that an Experiment describes. Raises NotImportable."""
    found = section(source.document, "spec", "")
    if not found:
        raise NotImportable("spec is missing; a Katib Experiment has its objective, parameters and trialTemplate there")
    if found.get("nasConfig"):
        raise NotImportable("spec.nasConfig: Podium searches parameters, no architectures made of operations")
    source.unlisted("spec", found, SPEC)
    resource = _setting(found, RESOURCE)
    constants = _constants(found)
    parameters, epochs = _parameters(source, found, resource, constants)
    if not parameters:
        raise NotImportable("spec.parameters holds none that can vary; an experiment searches at least one")
    metadata = section(source.document, "metadata", "")
    given = metadata.get("name") or metadata.get("generateName")
    written: Written = {"name": named(source, "metadata.name", given)}
    written["objective"] = _objective(source, found)
    written["parameters"] = parameters
    written["fidelity"] = _fidelity(source, epochs)
    written["budget"] = {"runs": _count(source, found, "maxTrialCount", 100)}
    written["parallelism"] = _count(source, found, "parallelTrialCount", 3)
    template = section(found, "trialTemplate", "spec")
    metrics = [str(written["objective"]["metric"]), *_additional(found)]
    stands_for = {**constants, **({} if resource is None else {resource: "${PODIUM_EPOCHS}"})}
    written["trial"] = trial(source, template, metrics=metrics, stands_for=stands_for)
    _say_what_is_different(source, found, has_rungs="rungs" not in written["fidelity"])
    return written


def _objective(source: Source, found: Found) -> Written:
    objective = section(found, "objective", "spec")
    kind, path = objective.get("type"), "spec.objective"
    if kind not in ("maximize", "minimize"):
        raise NotImportable(f"{path}.type must be maximize or minimize, found {kind!r}")
    if objective.get("goal") is not None:
        source.lost(f"{path}.goal", "Podium ends by its budget, or where it expects too little: see `stop_when`")
    if _additional(found):
        words = "the command's `--metric` names them: they are read from what it prints, and kept"
        source.changed(f"{path}.additionalMetricNames", words)
    metric = str(objective.get("objectiveMetricName") or "value")
    _strategies(source, objective, path, metric)
    source.unlisted(path, objective, OF_AN_OBJECTIVE)
    return {"metric": metric, "direction": kind}


def _additional(found: Found) -> list[str]:
    objective = section(found, "objective", "spec")
    return [str(name) for name in values(objective, "additionalMetricNames", "spec.objective")]


def _strategies(source: Source, objective: Found, path: str, metric: str) -> None:
    """Say where another value of a training counted than the last: Katib takes an objective's best unless told."""
    given = sections(objective, "metricStrategies", path)
    for position, each in enumerate(given):
        if each.get("value") not in (None, "latest"):
            at = f"{path}.metricStrategies[{position}]"
            source.lost(at, f"{each.get('name')}: the last value of a training counts, not the {each.get('value')}")
    if not any(each.get("name") == metric for each in given):
        words = "of a training Katib takes the best value that it prints, Podium the last"
        source.lost(f"{path}.objectiveMetricName", words)


def _parameters(
    source: Source, found: Found, resource: str | None, constants: Mapping[str, str]
) -> tuple[dict[str, Written], tuple[int, int] | None]:
    """Return the parameters, and the bounds of the one that says how long a trial trains, which is none for Podium."""
    written: dict[str, Written] = {}
    epochs = None
    refuse_twins(str(each.get("name") or "") for each in sections(found, "parameters", "spec"))
    for position, each in enumerate(sections(found, "parameters", "spec")):
        path, given = f"spec.parameters[{position}]", str(each.get("name") or "")
        space = section(each, "feasibleSpace", path)
        source.unlisted(f"{path}.feasibleSpace", space, OF_A_SPACE)
        if given == resource:
            low, high = (whole(space.get(end), f"{path}.feasibleSpace.{end}") for end in ("min", "max"))
            epochs = (low, high)
            source.changed(path, f"Hyperband's resource is Podium's fidelity: from {low} to {high} epochs")
            continue
        if given in constants:
            words = f"it is {constants[given]} and nothing else: so it stands in the command"
            source.changed(f"{path}.feasibleSpace", words)
            continue
        name = parameter_name(given)
        if name != given:
            source.changed(f"{path}.name", f"{given!r} is called {name}")
        if (
            parameter := _parameter(source, f"{path}.feasibleSpace", str(each.get("parameterType")), space)
        ) is not None:
            written[name] = parameter
    return written, epochs


def _constants(found: Found) -> dict[str, str]:
    """Return the parameters that have one value only, with that value as Katib writes it into the command."""
    constants = {}
    for position, each in enumerate(sections(found, "parameters", "spec")):
        path = f"spec.parameters[{position}]"
        space = section(each, "feasibleSpace", path)
        listing = values(space, "list", f"{path}.feasibleSpace")
        ends = [listing[0], listing[-1]] if listing else [space.get("min"), space.get("max")]
        if ends[0] is not None and ends[0] == ends[1] and all(value == ends[0] for value in listing):
            constants[str(each.get("name") or "")] = str(ends[0])
    return constants


def _parameter(source: Source, path: str, kind: str, space: Found) -> Written | None:
    if kind in ("categorical", "discrete") or space.get("list"):
        given = values(space, "list", path)
        return listed(source, path, given if kind == "categorical" else [_as_number(value) for value in given])
    if kind not in KINDS:
        raise NotImportable(f"{path}: parameterType must be double, int, discrete or categorical, found {kind!r}")
    low, high = (number(space.get(end), f"{path}.{end}") for end in ("min", "max"))
    distribution = space.get("distribution") or "uniform"
    is_log = distribution in ("logUniform", "logNormal")
    parameter = ranged(source, path, KINDS[kind], (low, high), is_log=is_log)
    if parameter is None:
        return None
    if (step := space.get("step")) is not None and not (kind == "int" and number(step, f"{path}.step") == 1):
        source.lost(f"{path}.step", f"every value between the bounds is searched, not each {step} alone")
    if distribution in ("normal", "logNormal"):  # Katib takes the middle of the bounds, and a sixth of them
        log = "scale" in parameter
        middle = math.sqrt(low * high) if log else (low + high) / 2
        width = math.log(high / low) if log else high - low
        return hinted(source, f"{path}.distribution", parameter, middle, width / 6)
    return parameter


def _as_number(value: Value) -> Value:
    """Return the number that a text stands for: Katib writes all values as text."""
    try:
        found = float(str(value))
    except ValueError:
        return value
    if not math.isfinite(found):
        return value
    return int(found) if found.is_integer() and "." not in str(value) else found


def _fidelity(source: Source, epochs: tuple[int, int] | None) -> Written:
    if epochs is None or epochs[0] == epochs[1]:
        source.assumed("spec.algorithm", "nothing says how long a training is: each trial is trained in full")
        return {"rungs": {"full": 1 if epochs is None else epochs[1]}}
    source.assumed("spec.trialTemplate", "the command starts over for each length of training, and is promoted so")
    return {"min": epochs[0], "max": epochs[1], "resumable": False}


def _count(source: Source, found: Found, key: str, otherwise: int) -> int:
    if found.get(key) is None:
        source.assumed(f"spec.{key}", f"it is missing: {otherwise}")
        return otherwise
    return whole(found[key], f"spec.{key}")


def _setting(found: Found, name: str) -> str | None:
    settings = sections(section(found, "algorithm", "spec"), "algorithmSettings", "spec.algorithm")
    return next((str(each.get("value")) for each in settings if each.get("name") == name), None)


def _say_what_is_different(source: Source, found: Found, *, has_rungs: bool) -> None:
    algorithm = section(found, "algorithm", "spec").get("algorithmName")
    if algorithm:
        source.changed("spec.algorithm", f"{algorithm}: Podium's own optimizer searches")
    if found.get("maxFailedTrialCount") is not None:
        words = "what fails teaches the optimizer; three bugs in a row pause the experiment, and it says why"
        source.lost("spec.maxFailedTrialCount", words)
    if found.get("earlyStopping") and has_rungs:
        source.changed("spec.earlyStopping", "short trainings come first, and only what promises something goes on")
    elif found.get("earlyStopping"):
        words = "nothing says how long a training is, so that none ends early: give `fidelity` its rungs, in epochs"
        source.lost("spec.earlyStopping", words)
    if found.get("resumePolicy") not in (None, "Never", "LongRunning"):
        source.changed(
            "spec.resumePolicy", "every experiment of Podium's can be paused and resumed, and keeps its state"
        )
    _say_how_metrics_are_read(source, section(found, "metricsCollectorSpec", "spec"), "spec.metricsCollectorSpec")


def _say_how_metrics_are_read(source: Source, found: Found, path: str) -> None:
    if (kind := section(found, "collector", path).get("kind")) not in (None, "StdOut", "None"):
        source.lost(path, f"{kind}: metrics are read from what the command prints")
    filtering = section(section(found, "source", path), "filter", f"{path}.source")
    if filtering.get("metricsFormat"):
        at = f"{path}.source.filter.metricsFormat"
        source.lost(at, "have the command print `name=value`: no other form is read from what it prints")
