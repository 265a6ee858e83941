"""What searches: Podium as the controller asks it, random search, and ASHA."""

import math
from dataclasses import replace

import numpy as np

from benchmarks.optimizer.simulation import Report, Run
from benchmarks.optimizer.tasks import Task
from controller.experiment import History, InFlight, Ladder, Observation, Problem
from controller.optimizer.memory import Remembering
from controller.optimizer.stopping import not_worth_going_on
from controller.optimizer.suggest import suggest


class Podium:
    """`suggest`, with a history kept as `controller.history` reads it. It is told no budget, as the others are not."""

    def __init__(self, task: Task, seed: int, _workers: int = 1) -> None:
        self._problem = Problem(
            parameters=task.parameters,
            ladder=task.ladder,
            maximize=False,
            seed=seed,
            constraints=task.constraints,
            guesses=task.guesses,
            other_goals=task.other_goals,
            bounds=task.bounds,
        )
        self._history = History()
        self._memory = Remembering()
        self._trials = 0

    def ask(self) -> Run | None:
        suggestion = suggest(self._problem, self._history, self._memory)
        if suggestion is None:
            return None
        self._trials += suggestion.trial is None
        run = InFlight(
            trial=self._trials if suggestion.trial is None else suggestion.trial,
            configuration=suggestion.configuration,
            from_epochs=suggestion.from_epochs,
            to_epochs=suggestion.to_epochs,
        )
        self._history = replace(self._history, in_flight=(*self._history.in_flight, run))
        return Run(trial=run.trial, configuration=run.configuration, epochs=run.to_epochs)

    def tell(self, run: Run, report: Report | None) -> None:
        history = self._history
        seen = Observation(
            trial=run.trial,
            configuration=run.configuration,
            epochs=run.epochs,
            value=None if report is None else report.loss,
            metrics={} if report is None else report.metrics,
            stderr=0.0 if report is None else report.stderr,
        )
        self._history = replace(
            history,
            observations=(*history.observations, seen),
            in_flight=tuple(flight for flight in history.in_flight if flight.trial != run.trial),
            retired=history.retired | ({run.trial} if report is None else set()),
        )


def podium_full(task: Task, seed: int, workers: int) -> Podium:
    """Return Podium without fidelities: every run is a full training. It shows what short runs are worth."""
    return Podium(replace(task, ladder=Ladder(task.ladder.rungs[-1:])), seed, workers)


class Untold(Podium):
    """Podium that is told of parameters, objectives, rungs and results alone.

    It shows what hints, guesses, bounds and standard errors are worth; where a task has none, it is Podium.
    """

    def __init__(self, task: Task, seed: int, workers: int = 1) -> None:
        plain = {name: each.model_copy(update={"hint": None}) for name, each in task.parameters.items()}
        super().__init__(replace(task, parameters=plain, guesses=(), bounds=()), seed, workers)

    def tell(self, run: Run, report: Report | None) -> None:
        super().tell(run, None if report is None else replace(report, stderr=0.0))


class EarlyStopping(Podium):
    """Podium that gives runs up by what they report, without fidelities: what curves alone are worth."""

    def __init__(self, task: Task, seed: int, workers: int = 1) -> None:
        super().__init__(replace(task, ladder=Ladder(task.ladder.rungs[-1:])), seed, workers)

    def watch(self, run: Run, epochs: int, loss: float) -> bool:
        seen = Observation(trial=run.trial, configuration=run.configuration, epochs=epochs, value=loss)
        self._history = replace(
            self._history,
            in_flight=tuple(
                replace(flight, progress=seen) if flight.trial == run.trial else flight
                for flight in self._history.in_flight
            ),
        )
        if run.trial not in not_worth_going_on(self._problem, self._history, self._memory):
            return True
        self._history = replace(self._history, retired=self._history.retired | {run.trial})
        return False


class RandomSearch:
    """Full trainings of uniform draws."""

    def __init__(self, task: Task, seed: int, _workers: int = 1) -> None:
        self._task, self._rng, self._trials = task, np.random.default_rng(seed), 0

    def ask(self) -> Run:
        self._trials += 1
        configuration = drawn(self._task, self._rng)
        return Run(trial=self._trials, configuration=configuration, epochs=self._task.ladder.full_epochs)

    def tell(self, run: Run, report: Report | None) -> None:
        pass


class Asha:
    """Asynchronous successive halving (Li et al. 2020, algorithm 2), the form that promotes.

    A free worker promotes a trial that is among the best third of its rung, the highest rung first; else it starts a
    uniform draw on the lowest. Optuna's SuccessiveHalvingPruner only stops: a trial that it stopped never goes on.
    It goes by the loss alone: it knows neither bounds nor other objectives.
    """

    ETA = 3

    def __init__(self, task: Task, seed: int, _workers: int = 1) -> None:
        self._task, self._rng, self._trials = task, np.random.default_rng(seed), 0
        self._lengths = [rung.epochs for rung in task.ladder.rungs]
        self._ended: dict[int, list[tuple[float, int, Run]]] = {epochs: [] for epochs in self._lengths}
        self._promoted: set[tuple[int, int]] = set()

    def ask(self) -> Run:
        for epochs, longer in reversed(list(zip(self._lengths, self._lengths[1:], strict=False))):
            ended = sorted(self._ended[epochs], key=lambda entry: entry[:2])
            for loss, trial, run in ended[: len(ended) // self.ETA]:
                if (trial, epochs) not in self._promoted and math.isfinite(loss):
                    self._promoted.add((trial, epochs))
                    return replace(run, epochs=longer)
        self._trials += 1
        return Run(trial=self._trials, configuration=drawn(self._task, self._rng), epochs=self._lengths[0])

    def tell(self, run: Run, report: Report | None) -> None:
        self._ended[run.epochs].append((math.inf if report is None else report.loss, run.trial, run))


def drawn(task: Task, rng: np.random.Generator) -> dict[str, bool | int | float | str]:
    """Return a uniform draw, again until the constraints allow it."""
    space = task.space
    while True:
        units = rng.random((1, space.dimensions))
        if space.is_allowed(space.snap(units))[0]:
            return space.decode(units)[0]
