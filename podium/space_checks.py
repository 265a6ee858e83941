"""What must hold between the parameters of a spec, its constraints, and the configurations that a user gives."""

from collections.abc import Iterator, Mapping, Sequence

from podium.fault import Fault, suggest_name
from podium.parameters import (
    SUM_SLACK,
    CategoricalParameter,
    Constraint,
    IntegerParameter,
    Parameter,
    RealParameter,
    Value,
    names_on,
)


def condition_faults(parameters: Mapping[str, Parameter], *, are_whole: bool) -> Iterator[Fault]:
    """Yield what is wrong with `when`. Without `are_whole`, a name that is missing may be one that was at fault."""
    for name, parameter in parameters.items():
        for parent, values in (parameter.when or {}).items():
            path = f"parameters.{name}.when.{parent}"
            switch = parameters.get(parent)
            if switch is None:
                if are_whole:
                    yield Fault(path=path, found=parent, allowed=suggest_name(parent, parameters.keys() - {name}))
            elif isinstance(switch, RealParameter):
                yield Fault(path=path, found="a real parameter", allowed="a categorical or an integer parameter")
            else:
                for position, value in enumerate(values):
                    if not switch.contains(value):
                        yield Fault(path=f"{path}[{position}]", found=value, allowed=switch.allowed())
        if _depends_on_itself(name, parameters):
            yield Fault(path=f"parameters.{name}.when", found=name, allowed="conditions that lead in no circle")


def hint_faults(parameters: Mapping[str, Parameter]) -> Iterator[Fault]:
    for name, parameter in parameters.items():
        if parameter.hint is not None and not parameter.contains(parameter.hint.value):
            yield Fault(path=f"parameters.{name}.hint.value", found=parameter.hint.value, allowed=parameter.allowed())


def constraint_faults(
    constraints: Sequence[Constraint], parameters: Mapping[str, Parameter], *, are_whole: bool
) -> Iterator[Fault]:
    for position, constraint in enumerate(constraints):
        path = f"constraints[{position}]"
        is_sound = True
        for name in constraint.terms:
            parameter = parameters.get(name)
            if parameter is None or isinstance(parameter, CategoricalParameter):
                is_sound = False
            if parameter is None and are_whole:
                yield Fault(path=f"{path}.terms.{name}", found=name, allowed=suggest_name(name, parameters))
            if isinstance(parameter, CategoricalParameter):
                yield Fault(path=f"{path}.terms.{name}", found="a categorical parameter", allowed="a number")
        if is_sound:
            yield from _unreachable(path, constraint, parameters)


def configuration_faults(
    path: str,
    configuration: Mapping[str, Value],
    parameters: Mapping[str, Parameter],
    constraints: Sequence[Constraint],
    *,
    are_whole: bool,
) -> Iterator[Fault]:
    """Yield what is wrong with a configuration that a user gave, at `path`."""
    on, is_sound = names_on(configuration, parameters), True
    for fault in _value_faults(path, configuration, parameters, on, are_whole=are_whole):
        is_sound = False
        yield fault
    for position, constraint in enumerate(constraints if is_sound else ()):
        if not constraint.allows(configuration):
            yield Fault(path=path, found=dict(configuration), allowed=f"what meets constraints[{position}]")


def _value_faults(
    path: str,
    configuration: Mapping[str, Value],
    parameters: Mapping[str, Parameter],
    on: set[str],
    *,
    are_whole: bool,
) -> Iterator[Fault]:
    for name, value in configuration.items():
        parameter = parameters.get(name)
        if parameter is None:
            if are_whole:
                yield Fault(path=f"{path}.{name}", found=value, allowed=suggest_name(name, parameters))
        elif not parameter.contains(value):
            yield Fault(path=f"{path}.{name}", found=value, allowed=parameter.allowed())
        elif are_whole and name not in on:
            yield Fault(path=f"{path}.{name}", found=value, allowed="no value here: its `when` does not hold")
    for name in on - configuration.keys():
        yield Fault(path=f"{path}.{name}", found=None, allowed=f"{parameters[name].allowed()}; it is missing")


def _unreachable(path: str, constraint: Constraint, parameters: Mapping[str, Parameter]) -> Iterator[Fault]:
    """Yield a fault when the bounds of its parameters alone keep a sum from its own bounds."""
    ends = [sorted(weight * end for end in _ends(parameters[name])) for name, weight in constraint.terms.items()]
    slack = SUM_SLACK * sum(max(map(abs, pair)) for pair in ends)
    least, most = sum(low for low, _ in ends) - slack, sum(high for _, high in ends) + slack
    if constraint.at_most is not None and least > constraint.at_most:
        allowed = f"at least {least:g}, the least that the parameters' bounds allow"
        yield Fault(path=f"{path}.at_most", found=constraint.at_most, allowed=allowed)
    if constraint.at_least is not None and most < constraint.at_least:
        allowed = f"at most {most:g}, the most that the parameters' bounds allow"
        yield Fault(path=f"{path}.at_least", found=constraint.at_least, allowed=allowed)


def _ends(parameter: Parameter) -> tuple[float, float]:
    assert isinstance(parameter, RealParameter | IntegerParameter)  # others were refused before
    return float(parameter.low), float(parameter.high)


def _depends_on_itself(name: str, parameters: Mapping[str, Parameter]) -> bool:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        parameter = parameters.get(waiting.pop())
        above = set(parameter.when or {}) if parameter is not None else set()
        if name in above:
            return True
        waiting += above - seen
        seen |= above
    return False
