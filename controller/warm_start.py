"""What earlier experiments found, as the first guesses of a new one.

Their best configurations are tried first, each at the shortest rung, beside the evenly spread points of any start.
Nothing else is carried over: a past that misleads does so as some bad trials would (docs/optimizer.md has figures).
"""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from controller import store
from controller.errors import ExperimentNotFound, InvalidSpec
from controller.space import SWITCHED_OFF, Space
from controller.tables import ExperimentRow, TrialRow
from podium.fault import Fault
from podium.parameters import CategoricalParameter, Configuration, IntegerParameter, Parameter, Value, is_power
from podium.spec import ExperimentSpec
from podium.taxonomy import TrialState

BEST_OF_EACH = 5
MOST_GUESSES = 1000
"""As many as a spec may have; the user's own come first."""


def with_guesses(session: Session, spec: ExperimentSpec) -> ExperimentSpec:
    """Return the spec with the best of the experiments that it names among its guesses, after the user's own.

    Raises InvalidSpec when one of them does not exist or had another objective.
    """
    guesses = list(spec.guesses)
    space = Space(spec.parameters, spec.constraints)
    faults: list[Fault] = []
    for position, experiment_id in enumerate(spec.warm_start):
        path = f"warm_start[{position}]"
        try:
            earlier = store.experiment(session, experiment_id)
        except ExperimentNotFound:
            faults.append(Fault(path=path, found=experiment_id, allowed="the id of an experiment that is there"))
            continue
        if earlier.spec["objective"] != spec.objective.model_dump(mode="json"):
            faults.append(
                Fault(path=path, found=earlier.spec["objective"], allowed="an experiment with this objective")
            )
            continue
        guesses += adapted(_best(session, earlier), space, spec)
    if faults:
        raise InvalidSpec("the spec names experiments from which it cannot start", faults)
    return spec.model_copy(update={"guesses": without_repeats(guesses, space)[:MOST_GUESSES]})


def _best(session: Session, earlier: ExperimentRow) -> Sequence[Configuration]:
    """Return the best of what was trained furthest."""
    is_maximized = earlier.spec["objective"]["direction"] == "maximize"
    value = TrialRow.value.desc() if is_maximized else TrialRow.value.asc()
    query = select(TrialRow.configuration).where(TrialRow.experiment_id == earlier.id, TrialRow.value.is_not(None))
    query = query.where(TrialRow.state != TrialState.FAILED, TrialRow.meets_thresholds)
    return session.scalars(
        query.order_by(TrialRow.reached_epoch.desc(), value, TrialRow.number).limit(BEST_OF_EACH)
    ).all()


def adapted(configurations: Iterable[Configuration], space: Space, spec: ExperimentSpec) -> list[Configuration]:
    """Return configurations of another space as the nearest ones of this space, as far as the constraints allow.

    What lies beyond a bound moves to it. A parameter that the other space lacks takes the baseline's value, or else
    stands in the middle of its range.
    """
    default = spec.baseline or {}
    known = [{**default, **configuration} for configuration in configurations]
    units = [[_place(name, parameter, each, space) for name, parameter in spec.parameters.items()] for each in known]
    points = space.snap(np.array(units, dtype=float).reshape(-1, space.dimensions))
    near = [_with_exact_values(one, each, spec) for one, each in zip(space.decode(points), known, strict=True)]
    return list(itertools.compress(near, space.is_allowed(points)))


def without_repeats(configurations: Sequence[Configuration], space: Space) -> list[Configuration]:
    first: dict[bytes, Configuration] = {}
    for identity, each in zip(space.identities(space.encode(configurations)), configurations, strict=True):
        first.setdefault(identity, each)
    return list(first.values())


def _with_exact_values(near: Configuration, known: Configuration, spec: ExperimentSpec) -> Configuration:
    """Return a configuration with the values that it was made from, where they fit: there and back costs bits."""
    return {
        name: known[name] if name in known and spec.parameters[name].contains(known[name]) else value
        for name, value in near.items()
    }


def _place(name: str, parameter: Parameter, configuration: Configuration, space: Space) -> float:
    value = configuration.get(name)
    if value is None:
        return SWITCHED_OFF
    if parameter.contains(value):
        return space.place(name, value)
    return space.place(name, near) if (near := _nearest(parameter, value)) is not None else SWITCHED_OFF


def _nearest(parameter: Parameter, value: Value) -> Value | None:
    if isinstance(parameter, CategoricalParameter) or isinstance(value, bool | str):
        return None
    inside = min(max(value, parameter.low), parameter.high)
    if not isinstance(parameter, IntegerParameter):
        return float(inside)
    whole = round(inside)
    return whole if parameter.base is None or is_power(whole, parameter.base) else None
