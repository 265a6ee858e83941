"""Optuna's samplers, asked as its documentation says: full trainings, a failed one told as failed.

Guesses are enqueued, bounds are told as constraints, several objectives as several. It knows no hints and no noise.

Optuna is installed for this benchmark alone: `pip install 'podium[benchmarks]'`.
"""

import math
import warnings

import numpy as np
import optuna
import torch
from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.trial import TrialState

from benchmarks.optimizer.simulation import Report, Run
from benchmarks.optimizer.tasks import Task
from podium.parameters import CategoricalParameter, Configuration, IntegerParameter, Parameter, RealParameter, Value

MOST_FORBIDDEN = 100


class Optuna:
    def __init__(self, task: Task, sampler: BaseSampler, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._task, self._rng = task, np.random.default_rng(seed)
        directions = ["minimize"] * (1 + len(task.other_goals))
        self._study = optuna.create_study(sampler=sampler, directions=directions)
        for guess in task.guesses:
            self._study.enqueue_trial(guess)
        self._trials: dict[int, optuna.Trial] = {}

    def ask(self) -> Run:
        """Return the next full training. Optuna knows no constraints: what they forbid is told as failed, for free.

        A sampler that learns nothing from that would go on for ever; after MOST_FORBIDDEN in a row one is drawn for it.
        """
        for _ in range(MOST_FORBIDDEN):
            run = self._drawn()
            if all(constraint.allows(run.configuration) for constraint in self._task.constraints):
                return run
            self.tell(run, None)
        self._study.enqueue_trial(self._allowed())
        return self._drawn()

    def _allowed(self) -> Configuration:
        """Return a configuration that the constraints allow, of chance."""
        return self._task.space.decode(self._task.space.sobol(1, self._rng))[0]

    def _drawn(self) -> Run:
        trial = self._study.ask()
        configuration: Configuration = {}
        for name, parameter in self._task.parameters.items():  # parents stand before what they switch
            if all(configuration.get(parent) in values for parent, values in (parameter.when or {}).items()):
                configuration[name] = _suggested(trial, name, parameter)
        self._trials[trial.number] = trial
        return Run(trial=trial.number, configuration=configuration, epochs=self._task.ladder.full_epochs)

    def tell(self, run: Run, report: Report | None) -> None:
        trial = self._trials.pop(run.trial)
        if report is None:
            self._study.tell(trial, state=TrialState.FAIL)
            return
        for bound in self._task.bounds:
            trial.set_constraint(bound.metric, bound.sign * (report.metrics[bound.metric] - bound.limit))
        others = [goal.sign * report.metrics[goal.metric] for goal in self._task.other_goals]
        self._study.tell(trial, [report.loss, *others])


def gp_sampler(task: Task, seed: int, _workers: int) -> Optuna:
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return Optuna(task, GPSampler(seed=seed), seed)


def tpe(task: Task, seed: int, workers: int) -> Optuna:
    """Return the tree-structured Parzen estimator; with several workers it takes pending runs for bad ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return Optuna(task, TPESampler(seed=seed, constant_liar=workers > 1), seed)


def _suggested(trial: optuna.Trial, name: str, parameter: Parameter) -> Value:
    match parameter:
        case RealParameter():
            return float(trial.suggest_float(name, parameter.low, parameter.high, log=parameter.scale == "log"))
        case IntegerParameter(base=int(base)):
            exponents = round(math.log(parameter.low, base)), round(math.log(parameter.high, base))
            return int(base ** trial.suggest_int(name, *exponents))
        case IntegerParameter():
            return int(trial.suggest_int(name, parameter.low, parameter.high, log=parameter.scale == "log"))
        case CategoricalParameter():
            chosen: Value = trial.suggest_categorical(name, parameter.choices)
            return chosen
