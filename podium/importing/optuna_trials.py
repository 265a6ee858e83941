"""What the trials of an Optuna study tell beside its space: under which condition a parameter is there, and guesses.

Optuna's spaces are defined by running, so that a condition is nowhere written down; what all trials agree on is taken.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from podium.importing.naming import parameter_name
from podium.importing.source import Source
from podium.importing.space import Written
from podium.parameters import Parameter, Value, names_on

MOST_GUESSES = 20
NOTHING = "None"
"""What the choice None of a category becomes."""
SPACE: TypeAdapter[dict[str, Parameter]] = TypeAdapter(dict[str, Parameter])


def is_feasible(trial: Any) -> bool:  # Any: Optuna ships no types that mypy could follow here
    """Say whether a trial keeps to the study's constraints: of each, Optuna wants 0 or less."""
    return all(value <= 0 for value in (trial.constraints or {}).values())


def conditions(finished: Sequence[Any], parameters: Mapping[str, Written]) -> dict[str, Written]:
    """Return `when` of the parameters that some trials lack, by the names that Optuna gives them.

    A category says it where each trial that has it agrees: the parameter is there with these of its choices, and with
    no other. The fewer choices, the better it says it.
    """
    configurations = [trial.params for trial in finished]
    found = {}
    for name in {name: None for each in configurations for name in each}:
        having = [each for each in configurations if name in each]
        if len(having) == len(configurations) or parameter_name(name) not in parameters:
            continue
        said = [
            (len(allowed), {parameter_name(parent): allowed})
            for parent in having[0]
            if (allowed := _allowed(name, parent, configurations, parameters)) is not None
        ]
        if said:
            found[name] = min(said, key=lambda each: each[0])[1]
    return found


def _allowed(
    name: str, parent: str, configurations: Sequence[Mapping[str, Any]], parameters: Mapping[str, Written]
) -> list[Value] | None:
    """Return the choices of `parent` with which `name` is there, where those alone say whether it is."""
    written = parameters.get(parameter_name(parent))
    if written is None or written["type"] != "categorical" or parent == name:
        return None
    told = [(name in each, value_in(each[parent], written)) for each in configurations if parent in each]
    with_it = {(type(value), value) for is_there, value in told if is_there}
    without = {(type(value), value) for is_there, value in told if not is_there}
    if with_it & without or any(name in each and parent not in each for each in configurations):
        return None
    if len(told) == sum(is_there for is_there, _ in told):  # it is always there with its parent, whatever that is
        return None
    return [choice for choice in written["choices"] if (type(choice), choice) in with_it]


def guesses(
    source: Source, study: Any, finished: Sequence[Any], parameters: Mapping[str, Written]
) -> list[dict[str, Value]]:
    """Return the best configurations of the study that lie in the imported space, the best first."""
    fit = [trial for trial in finished if is_feasible(trial)]
    if len(study.directions) > 1:
        ranked = [trial for trial in study.best_trials if is_feasible(trial)]
    else:
        is_maximized = study.directions[0].name == "MAXIMIZE"
        ranked = sorted(fit, key=lambda trial: trial.value, reverse=is_maximized)
    written = [_configuration(trial.params, parameters) for trial in ranked]
    inside = _inside(written, parameters)
    if outside := len(written) - len(inside):
        words = f"{outside} of the best lie outside of the imported space, or lack a parameter of it: no guesses"
        source.lost("trials", words)
    chosen = [each for position, each in enumerate(inside) if each not in inside[:position]][:MOST_GUESSES]
    words = f"the best {len(chosen)} of {len(finished)} are tried first (`guesses`), not taken for granted"
    source.changed("trials", words)
    return chosen


def _configuration(params: Mapping[str, Any], parameters: Mapping[str, Written]) -> dict[str, Value]:
    names = {name: parameter_name(name) for name in params}
    return {
        names[name]: value_in(value, parameters[names[name]])
        for name, value in params.items()
        if names[name] in parameters
    }


def _inside(configurations: Sequence[dict[str, Value]], parameters: Mapping[str, Written]) -> list[dict[str, Value]]:
    """Return those that have the parameters which they should, each with a value that it may take."""
    try:
        space = SPACE.validate_python(dict(parameters))
    except ValidationError:  # the spec has faults, which are told by their paths
        return []
    return [
        each
        for each in configurations
        if each.keys() == names_on(each, space) and all(space[name].contains(value) for name, value in each.items())
    ]


def value_in(value: Any, parameter: Written) -> Value:  # Any: of whatever type Optuna holds
    """Return a value as its parameter has it: the texts "True" and "False" have become booleans, and None a text."""
    if value is None:
        return NOTHING
    is_flag = parameter["type"] == "categorical" and set(map(type, parameter["choices"])) == {bool}
    found: Value = value.lower() == "true" if is_flag and isinstance(value, str) else value
    return found
