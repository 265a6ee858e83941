"""A SigOpt experiment: the JSON of its API, which Orchestrate's files hold as YAML.

Source: SigOpt's API reference (experiments, parameters, metrics, tasks, conditionals, linear constraints), as its
server, which is open source now, documents it.
"""

import math
from collections.abc import Mapping
from typing import Any

from podium.importing.naming import named, parameter_name, refuse_twins, rung_name
from podium.importing.source import Found, NotImportable, Source, number, section, sections, values, whole
from podium.importing.space import Written, hinted, listed, ranged
from podium.ladder import rungs_of
from podium.parameters import Value

MOST_EPOCHS = 100
NOTHING = "no other search of Podium's needs it"
KNOWN = (
    "name", "parameters", "metrics", "metric", "tasks", "conditionals", "linear_constraints", "observation_budget",
    "budget", "parallel_bandwidth", "num_solutions", "type",
)  # fmt: skip
ITS_OWN = (
    "id", "object", "created", "updated", "state", "progress", "client", "user", "project", "can_be_deleted", "deleted",
    "development", "runs_only",
)  # fmt: skip
"""What the API tells of an experiment beside what was asked for."""


def experiment(source: Source, found: Found, path: str = "", *, full_epochs: int | None = None) -> Written:
    """Return the sections of a spec that an experiment's own keys make, without how a trial is trained."""
    source.unlisted(path, found, (*KNOWN, *ITS_OWN))
    written: Written = {"name": named(source, _at(path, "name"), found.get("name"))}
    written |= _metrics(source, found, path)
    parameters = _parameters(source, found, path)
    if not parameters:
        raise NotImportable(f"{_at(path, 'parameters')} holds none that can vary; an experiment searches at least one")
    written["parameters"] = parameters
    if constraints := [_constraint(each, at) for each, at in _each(found, "linear_constraints", path)]:
        written["constraints"] = constraints
    written["fidelity"] = fidelity(source, found, path, full_epochs)
    written["budget"] = _budget(source, found, path)
    written["parallelism"] = whole(found.get("parallel_bandwidth") or 1, _at(path, "parallel_bandwidth"))
    if baseline := _baseline(source, found, path, parameters):
        written["baseline"] = baseline
    if (kind := found.get("type")) not in (None, "offline"):
        source.changed(_at(path, "type"), f"a {kind} search becomes one by Podium's optimizer; {NOTHING}")
    if whole(found.get("num_solutions") or 1, _at(path, "num_solutions")) > 1:
        source.lost(_at(path, "num_solutions"), "Podium looks for the best, not for several solutions far apart")
    return written


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _each(found: Found, key: str, path: str) -> list[tuple[Found, str]]:
    return [(each, f"{_at(path, key)}[{position}]") for position, each in enumerate(sections(found, key, path))]


def _metrics(source: Source, found: Found, path: str) -> Written:
    given = _each(found, "metrics", path)
    if not given and isinstance(found.get("metric"), Mapping):
        given = [(found["metric"], _at(path, "metric"))]
    objectives: list[Written] = []
    thresholds: list[Written] = []
    for each, at in given:
        name, is_minimized = str(each.get("name") or "value"), each.get("objective") == "minimize"
        strategy = each.get("strategy") or "optimize"
        if strategy == "optimize":
            objectives.append({"metric": name, "direction": "minimize" if is_minimized else "maximize"})
        if strategy == "store":
            source.changed(at, "a stored metric needs no mention: whatever a trial reports is kept")
        elif each.get("threshold") is not None:
            bound = "at_most" if is_minimized else "at_least"
            thresholds.append({"metric": name, bound: number(each["threshold"], f"{at}.threshold")})
    if not objectives:
        objectives = [{"metric": "value", "direction": "maximize"}]
        source.assumed(
            _at(path, "metrics"), "it names no metric to optimize: the objective is `value`, the more the better"
        )
    for extra in objectives[4:]:
        source.lost(_at(path, "metrics"), f"{extra['metric']}: Podium takes four objectives at most")
    written: Written = {"objective": objectives[0]}
    if len(objectives) > 1:
        written["other_objectives"] = objectives[1:4]
    return written | ({"thresholds": thresholds} if thresholds else {})


def _parameters(source: Source, found: Found, path: str) -> dict[str, Written]:
    written = {}
    everything = (*_each(found, "conditionals", path), *_each(found, "parameters", path))
    refuse_twins(str(each.get("name") or "") for each, _ in everything)
    for each, at in _each(found, "conditionals", path):
        name = str(each.get("name"))
        choice = listed(source, f"{at}.values", _categories(each, "values", at))
        if choice is not None:
            written[parameter_name(name)] = choice
    for each, at in _each(found, "parameters", path):
        given = str(each.get("name") or "")
        name = parameter_name(given)
        if name != given:
            source.changed(f"{at}.name", f"{given!r} is called {name}")
        if (parameter := _parameter(source, each, at)) is not None:
            written[name] = parameter
    return written


def _parameter(source: Source, found: Found, path: str) -> Written | None:
    kind = found.get("type")
    if found.get("tunable") is False:
        source.lost(path, "it is not tuned: write its value into the script")
        return None
    grid = values(found, "grid", path)
    if kind == "categorical":
        parameter = listed(source, path, _categories(found, "categorical_values", path) or grid)
    elif grid:
        parameter = listed(source, f"{path}.grid", grid)
    elif kind in ("double", "int"):
        bounds = section(found, "bounds", path)
        low, high = (number(bounds.get(end), f"{path}.bounds.{end}") for end in ("min", "max"))
        is_log = found.get("transformation") == "log"
        parameter = ranged(source, path, "integer" if kind == "int" else "real", (low, high), is_log=is_log)
    else:
        raise NotImportable(f"{path}.type must be double, int or categorical, found {kind!r}")
    if parameter is None:
        return None
    if (prior := section(found, "prior", path)) and "low" in parameter:
        parameter = _with_prior(source, f"{path}.prior", parameter, prior)
    if conditions := section(found, "conditions", path):
        parameter["when"] = {parameter_name(name): _as_list(allowed) for name, allowed in conditions.items()}
    return parameter


def _with_prior(source: Source, path: str, parameter: Written, prior: Found) -> Written:
    """A normal prior has a mean and a scale; a beta prior spans the bounds with two shapes."""
    if prior.get("name") == "beta":
        a, b = (_positive(prior, shape, path) for shape in ("shape_a", "shape_b"))
        span = parameter["high"] - parameter["low"]
        mean = parameter["low"] + span * a / (a + b)
        deviation = span * math.sqrt(a * b / (a + b + 1)) / (a + b)
    else:
        mean, deviation = number(prior.get("mean"), f"{path}.mean"), _positive(prior, "scale", path)
    if parameter.get("scale") == "log":  # to first order, what the logarithm varies by
        deviation /= max(mean, parameter["low"])
    return hinted(source, path, parameter, mean, deviation)


def _positive(found: Found, key: str, path: str) -> float:
    value = number(found.get(key), f"{path}.{key}")
    if value <= 0:
        raise NotImportable(f"{path}.{key} must be above 0, found {value:g}")
    return value


def fidelity(source: Source, found: Found, path: str, full_epochs: int | None) -> Written:
    """Return the rungs that tasks become: each is a share of the epochs of the full one."""
    tasks = [
        (str(each.get("name")), number(each.get("cost"), f"{at}.cost")) for each, at in _each(found, "tasks", path)
    ]
    if not tasks:
        source.assumed(
            _at(path, "tasks"),
            "there are none: each trial is trained in full. With --full-epochs Podium looks at short trainings first",
        )
        if full_epochs is None or full_epochs == 1:
            return {"rungs": {"full": 1}}
        return rungs_of(full_epochs)
    epochs = full_epochs or _epochs_for([cost for _, cost in tasks])
    if full_epochs is None:
        source.assumed(_at(path, "tasks"), f"a full training is {epochs} epochs; give --full-epochs for another number")
    rungs: dict[str, int] = {}
    for name, cost in sorted(tasks, key=lambda task: task[1]):
        length = max(1, round(cost * epochs))
        if length in rungs.values() or rung_name(name) in rungs:
            source.lost(_at(path, "tasks"), f"{name}: of {epochs} epochs it is as long, or named, as another task")
        else:
            rungs[rung_name(name)] = length
    source.changed(_at(path, "tasks"), "a promoted trial goes on where it stood, where SigOpt trained each task anew")
    return {"rungs": rungs}


def _epochs_for(costs: list[float]) -> int:
    """Return the fewest epochs of which every cost is a whole number, 100 where there are none so few."""
    for epochs in range(1, MOST_EPOCHS):
        if all(abs(cost * epochs - round(cost * epochs)) < 1e-9 and cost * epochs >= 1 for cost in costs):
            return epochs
    return MOST_EPOCHS


def _budget(source: Source, found: Found, path: str) -> Written:
    """Return the budget. Of tasks SigOpt counts the costs, as Podium's `cost` does; else it counts observations."""
    for key in ("observation_budget", "budget"):
        if found.get(key) is None:
            continue
        if found.get("tasks"):
            source.changed(_at(path, key), "it counts full trainings, a task as its share of one: `budget.cost`")
            return {"cost": number(found[key], _at(path, key))}
        return {"runs": whole(found[key], _at(path, key))}
    source.assumed(_at(path, "observation_budget"), "it has none: the budget is 100 runs")
    return {"runs": 100}


def _constraint(found: Found, path: str) -> Written:
    terms = {
        parameter_name(str(each.get("name"))): number(each.get("weight", 1), f"{path}.terms[{position}].weight")
        for position, each in enumerate(sections(found, "terms", path))
    }
    bound = {"greater_than": "at_least", "less_than": "at_most"}.get(str(found.get("type")))
    if bound is None:
        raise NotImportable(f"{path}.type must be greater_than or less_than, found {found.get('type')!r}")
    return {"terms": terms, bound: number(found.get("threshold"), f"{path}.threshold")}


def _baseline(source: Source, found: Found, path: str, parameters: Mapping[str, Written]) -> Written | None:
    """Return the default values, where every parameter has one."""
    given = {
        parameter_name(str(each.get("name") or "")): (each["default_value"], f"{at}.default_value")
        for each, at in _each(found, "parameters", path)
        if each.get("default_value") is not None
    }
    if parameters.keys() <= given.keys():
        words = "the default values become the baseline, which is trained in full once"
        source.changed(_at(path, "parameters"), words)
        return {name: _like(parameters[name], given[name][0]) for name in parameters}
    missing = ", ".join(sorted(parameters.keys() - given.keys()))
    for name, (value, at) in given.items():
        if name in parameters:
            source.lost(at, f"{value}: a baseline has every parameter, and {missing} of them has no default value")
    return None


def _like(parameter: Written, value: Any) -> Any:  # Any: as it was written
    """Return a value in the type of its parameter's: categories may have become booleans, and 5 stands for 5.0."""
    choices = parameter.get("choices", ())
    if isinstance(value, str) and value.lower() in ("true", "false") and True in choices:
        return value.lower() == "true"
    return int(value) if parameter["type"] == "integer" and isinstance(value, float) and value.is_integer() else value


def _categories(found: Found, key: str, path: str) -> list[Value]:
    """Return categories, each of which is a text or a mapping with a name. Raises NotImportable."""
    given = found.get(key)
    if isinstance(given, list):
        given = [each.get("name") if isinstance(each, Mapping) else each for each in given]
    return values({key: given}, key, path)


def _as_list(values: Any) -> list[Any]:  # Any: one category or several
    return list(values) if isinstance(values, list) else [values]
