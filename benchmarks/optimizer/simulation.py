"""N workers in simulated time: each asks when it is free, trains for as long as the epochs take, and tells.

Cost is what was trained, in full trainings: the whole of every run that has ended and the part done of those in flight.
What is in flight when the budget is spent is paid for and tells nothing. A promotion costs the epochs that are added
where the task's trials resume, and all of them where they start over. How long a run takes and which noise its result
carries depend on the seed, the trial's number and its epochs alone, so that all searchers meet the same weather.
"""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.special import ndtr

from benchmarks.optimizer.tasks import Task
from podium.parameters import Configuration

SPREAD = 0.15
"""Standard deviation of the logarithm of an epoch's time."""
OUTLIER = 50.0
"""What one observation in many adds to the true loss: it is far outside of all others."""
REPORTS = 9
"""Of a run, to a searcher that watches; in truth there is one for each epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    trial: int
    configuration: Configuration
    epochs: int
    """That the trial has trained when the run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run says at its end."""

    loss: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    stderr: float = 0.0
    """Of the loss, where the task tells it."""


class Searcher(Protocol):
    """What chooses runs; numbers its trials, and promotes one by asking for it again with more epochs."""

    def ask(self) -> Run | None:
        """Return the run to start now, or None to wait for a result."""
        ...

    def tell(self, run: Run, report: Report | None) -> None:
        """Take a run's result; None when it failed. A run that was stopped ends with the epochs that it has."""
        ...


@runtime_checkable
class Watcher(Protocol):
    """A searcher that is also told what runs report on their way, and may stop them."""

    def watch(self, run: Run, epochs: int, loss: float) -> bool:
        """Say whether the run goes on after it has reported this."""
        ...


MakeSearcher = Callable[[Task, int, int], Searcher]
"""From a task, a seed and the number of workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    run: Run
    paid: float
    """By all workers until this run ended, in full trainings."""
    loss: float | None
    """As it was told."""
    true_loss: float
    """Without noise; not a number where the run failed."""
    metrics: Mapping[str, float] = field(default_factory=dict)


def simulate(task: Task, searcher: Searcher, *, workers: int, budget: float, seed: int) -> list[Result]:
    """Return the results in the order in which they came, until the budget is spent or nothing more is asked for."""
    results: list[Result] = []
    flights: list[_Flight] = []
    reached: dict[int, int] = {}
    now, landed = 0.0, 0.0
    reports = REPORTS if isinstance(searcher, Watcher) else 1
    while True:
        while len(flights) < workers and (run := searcher.ask()) is not None:
            training = _training(task, run, trained=reached.get(run.trial, 0), reports=reports, seed=seed)
            heapq.heappush(flights, training.flight(training.first, began=now))
        if not flights:
            return results
        flight = heapq.heappop(flights)
        now, landed, run = flight.ends, landed + flight.cost, flight.training.run
        paid = landed + sum(other.paid_at(now) for other in flights)
        if paid > budget * (1 + 1e-9):
            return results
        seen = replace(run, epochs=flight.epochs)
        true_loss = task.loss(seen.configuration, seen.epochs)
        report = _reported(task, seen, true_loss, seed)
        watcher = searcher if isinstance(searcher, Watcher) and seen.epochs < run.epochs else None
        if watcher is not None and report is not None and watcher.watch(run, seen.epochs, report.loss):
            heapq.heappush(flights, flight.training.flight(seen.epochs, began=now))
            continue
        reached[run.trial] = seen.epochs
        searcher.tell(seen, report)
        loss, metrics = (None, {}) if report is None else (report.loss, report.metrics)
        results.append(Result(run=seen, paid=paid, loss=loss, true_loss=true_loss, metrics=metrics))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    """A run from one report to the next."""

    training: "_Training"
    epochs: int
    """That the trial has trained at the end."""
    began: float
    ends: float
    cost: float

    def __lt__(self, other: "_Flight") -> bool:
        return (self.ends, self.training.run.trial) < (other.ends, other.training.run.trial)

    def paid_at(self, now: float) -> float:
        return self.cost * (now - self.began) / (self.ends - self.began)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Training:
    """A run, as it goes from report to report."""

    run: Run
    first: int
    """The epoch after which it begins."""
    step: int
    """Epochs from one report to the next."""
    epoch_cost: float
    """In full trainings."""
    pace: float
    """How long an epoch takes, as a multiple of what is usual."""

    def flight(self, trained: int, *, began: float) -> _Flight:
        epochs = min(trained + self.step, self.run.epochs)
        cost = (epochs - trained) * self.epoch_cost
        return _Flight(training=self, epochs=epochs, began=began, ends=began + cost * self.pace, cost=cost)


def _training(task: Task, run: Run, *, trained: int, reports: int, seed: int) -> _Training:
    if run.epochs <= trained:
        raise ValueError(f"trial {run.trial} has trained {trained} epochs already; {run.epochs} are no promotion")
    first = task.ladder.start_of(trained, run.epochs)
    return _Training(
        run=run,
        first=first,
        step=math.ceil((run.epochs - first) / reports),
        epoch_cost=task.ladder.epoch_cost(run.epochs) / task.ladder.full_epochs,
        pace=math.exp(SPREAD * _weather(run, seed).standard_normal() - SPREAD**2 / 2),  # 1 on average
    )


def _reported(task: Task, run: Run, true_loss: float, seed: int) -> Report | None:
    if not math.isfinite(true_loss):
        return None
    weather = _weather(run, seed)
    _, noise, luck = weather.standard_normal(3)
    outlier = OUTLIER if ndtr(luck) < task.outliers else 0.0
    stderr = task.noise / math.sqrt(weather.choice(task.repeats or (1,)))
    return Report(
        loss=true_loss + stderr * float(noise) + outlier,
        metrics=task.metrics_of(run.configuration, run.epochs),
        stderr=stderr if task.repeats else 0.0,
    )


def _weather(run: Run, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, run.trial, run.epochs])
