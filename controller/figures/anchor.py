"""The configuration through which the model's prediction is cut, with a value for every parameter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.figures.study import Study
from controller.space import SWITCHED_OFF, Space
from podium.parameters import Configuration, Parameter

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A point of the unit cube. A parameter that is off there has the value that it has in another trial."""

    units: Floats  # (dimensions,)
    name: str
    """How it is called in a sentence."""

    def along(self, column: int, levels: Floats, study: Study) -> tuple[Floats, Floats]:
        """Return the allowed places along one parameter, and the configurations there.  # (n,), (n, dimensions)"""
        rows = np.repeat(turned_on(column, self.units, study)[None], len(levels), axis=0)
        rows[:, column] = levels
        return _allowed(levels, rows, study.space)


def _allowed(levels: Floats, rows: Floats, space: Space) -> tuple[Floats, Floats]:
    snapped = space.snap(rows)
    keeps = space.is_allowed(snapped)
    return levels[keeps], snapped[keeps]


def anchor_at_best(study: Study) -> Anchor:
    """Return the best trial at full fidelity by this objective; before there is one, what the model thinks the best."""
    counting = [(study.goal.sign * value, trial) for trial, value in study.full_results if trial.meets_thresholds]
    if counting:
        _, best = min(counting, key=lambda each: (each[0], each[1].number))
        return anchor_at(best.configuration, f"trial {best.number}, the best", study)
    tried = {seen.trial: seen.configuration for seen in study.history.observations if seen.value is not None}
    mean, _ = study.posterior.at_full(study.space.encode(list(tried.values())))
    number = list(tried)[int(mean.argmin())]
    return anchor_at(tried[number], f"trial {number}, which the model thinks the best", study)


def anchor_at(configuration: Configuration, name: str, study: Study) -> Anchor:
    """Return a configuration as an anchor: what is off there stands as in the best trial that has it."""
    space = study.space
    units = space.encode([configuration])[0]
    for column, parameter in enumerate(space.names):
        if parameter not in configuration:
            with_it = (trial.configuration for trial in study.record.completed if parameter in trial.configuration)
            other = next(with_it, None)
            units[column] = SWITCHED_OFF if other is None else space.place(parameter, other[parameter])
    return Anchor(units=units, name=name)


def turned_on(column: int, units: Floats, study: Study) -> Floats:
    """Return a point at which a parameter is on: what it depends on has a value that switches it on."""
    space, parameters = study.space, study.record.spec.parameters
    units = units.copy()
    waiting = [space.names[column]]
    while waiting:
        parameter: Parameter = parameters[waiting.pop()]
        for parent, values in (parameter.when or {}).items():
            place = space.names.index(parent)
            switching = [space.place(parent, value) for value in values]
            if not np.isclose(units[place], switching).any():
                units[place] = switching[0]
            waiting.append(parent)
    return units
