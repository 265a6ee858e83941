"""scikit-optimize's own loop (`skopt.Optimizer`) with its defaults: full trainings, a failed one told as the worst.

It knows neither failures nor conditions, bounds or other objectives; of a constraint, only that what breaks it is not
drawn. Podium itself takes its transforms alone from there.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from skopt import Optimizer
from skopt.space import Categorical, Dimension, Integer, Real

from benchmarks.optimizer.simulation import Report, Run
from benchmarks.optimizer.tasks import Task
from podium.parameters import CategoricalParameter, Configuration, IntegerParameter, Parameter, RealParameter, Value

Point = Sequence[Any]  # Any: whatever its dimensions hold


class Skopt:
    def __init__(self, task: Task, seed: int, _workers: int = 1) -> None:
        self._task, self._seed, self._trials = task, seed, 0
        self._in_flight: dict[int, Point] = {}
        self._optimizer = Optimizer(
            [_dimension(parameter) for parameter in task.parameters.values()],
            random_state=seed,
            space_constraint=self._is_allowed if task.constraints else None,
        )

    def ask(self) -> Run:
        self._trials += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own: repeated points, fits that do not converge
            point = self._believing().ask()
        self._in_flight[self._trials] = point
        epochs = self._task.ladder.full_epochs
        return Run(trial=self._trials, configuration=self._configuration(point), epochs=epochs)

    def tell(self, run: Run, report: Report | None) -> None:
        """Take a result. Failures before the first success are dropped: there is no worst value to tell."""
        point, told = self._in_flight.pop(run.trial), self._optimizer.yi
        if report is not None or told:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._optimizer.tell(point, max(told) if report is None else report.loss)

    def _believing(self) -> Optimizer:
        """Return the optimizer as if all in flight had ended at the best value seen: a constant liar."""
        told = self._optimizer.yi
        if not self._in_flight or not told:
            return self._optimizer
        liar = self._optimizer.copy(random_state=self._seed + self._trials)
        liar.tell(list(self._in_flight.values()), [min(told)] * len(self._in_flight))
        return liar

    def _is_allowed(self, point: Point) -> bool:
        configuration = self._configuration(point)
        return all(constraint.allows(configuration) for constraint in self._task.constraints)

    def _configuration(self, point: Point) -> Configuration:
        configuration: Configuration = {}
        for (name, parameter), value in zip(self._task.parameters.items(), point, strict=True):
            if all(configuration.get(parent) in values for parent, values in (parameter.when or {}).items()):
                configuration[name] = _value(parameter, value)
        return configuration


def _dimension(parameter: Parameter) -> Dimension:
    match parameter:
        case RealParameter():
            return Real(parameter.low, parameter.high, prior=_prior(parameter))
        case IntegerParameter(base=int(base)):
            return Integer(round(math.log(parameter.low, base)), round(math.log(parameter.high, base)))
        case IntegerParameter():
            return Integer(parameter.low, parameter.high, prior=_prior(parameter))
        case CategoricalParameter():
            return Categorical(list(range(len(parameter.choices))))  # of mixed choices it would make strings


def _prior(parameter: RealParameter | IntegerParameter) -> str:
    return "log-uniform" if parameter.scale == "log" else "uniform"


def _value(parameter: Parameter, value: Any) -> Value:
    match parameter:
        case RealParameter():
            return float(value)
        case IntegerParameter(base=int(base)):
            return int(base ** int(value))
        case IntegerParameter():
            return int(value)
        case CategoricalParameter():
            return parameter.choices[int(value)]
