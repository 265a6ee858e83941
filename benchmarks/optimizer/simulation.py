"""N workers in simulated time: each asks when it is free, trains for as long as the epochs take, and tells.

Cost is what was trained, in full trainings: the whole of every run that has ended and the part done of those in flight.
What is in flight when the budget is spent is paid for and tells nothing. A promotion costs the epochs that are added
where the task's trials resume, and all of them where they start over. How long a run takes and which noise its result
carries depend on the seed, the trial's number and its epochs alone, so that all searchers meet the same weather.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.optimizer.tasks import Task
from podium.parameters import Configuration

SPREAD = 0.15
"""Standard deviation of the logarithm of an epoch's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    trial: int
    configuration: Configuration
    epochs: int
    """That the trial has trained when the run ends."""


class Searcher(Protocol):
    """What chooses runs; numbers its trials, and promotes one by asking for it again with more epochs."""

    def ask(self) -> Run | None:
        """Return the run to start now, or None to wait for a result."""
        ...

    def tell(self, run: Run, loss: float | None) -> None:
        """Take a run's result; None when it failed."""
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


def simulate(task: Task, searcher: Searcher, *, workers: int, budget: float, seed: int) -> list[Result]:
    """Return the results in the order in which they came, until the budget is spent or nothing more is asked for."""
    results: list[Result] = []
    flights: list[_Flight] = []
    reached: dict[int, int] = {}
    now, landed = 0.0, 0.0
    while True:
        while len(flights) < workers and (run := searcher.ask()) is not None:
            flight = _flight(task, run, began=now, trained=reached.get(run.trial, 0), seed=seed)
            heapq.heappush(flights, flight)
        if not flights:
            return results
        flight = heapq.heappop(flights)
        now, landed = flight.ends, landed + flight.cost
        paid = landed + sum(other.paid_at(now) for other in flights)
        if paid > budget * (1 + 1e-9):
            return results
        reached[flight.run.trial] = flight.run.epochs
        true_loss = task.loss(flight.run.configuration, flight.run.epochs)
        loss = _observed(task, flight.run, true_loss, seed)
        searcher.tell(flight.run, loss)
        results.append(Result(run=flight.run, paid=paid, loss=loss, true_loss=true_loss))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    run: Run
    began: float
    ends: float
    cost: float

    def __lt__(self, other: "_Flight") -> bool:
        return (self.ends, self.run.trial) < (other.ends, other.run.trial)

    def paid_at(self, now: float) -> float:
        return self.cost * (now - self.began) / (self.ends - self.began)


def _flight(task: Task, run: Run, *, began: float, trained: int, seed: int) -> _Flight:
    if run.epochs <= trained:
        raise ValueError(f"trial {run.trial} has trained {trained} epochs already; {run.epochs} are no promotion")
    cost = task.ladder.cost(trained, run.epochs)
    pace = math.exp(SPREAD * _weather(run, seed).standard_normal() - SPREAD**2 / 2)  # 1 on average
    return _Flight(run=run, began=began, ends=began + cost * pace, cost=cost)


def _observed(task: Task, run: Run, true_loss: float, seed: int) -> float | None:
    if not math.isfinite(true_loss):
        return None
    return true_loss + task.noise * float(_weather(run, seed).standard_normal(2)[1])


def _weather(run: Run, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, run.trial, run.epochs])
