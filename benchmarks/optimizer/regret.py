"""From results to figures: regret against cost, its mean over tasks and seeds, and how sure that mean is.

Regret is that of the configuration with the best result at full fidelity, by its true loss; 1 until there is one.
Intervals are bootstrapped (Efron 1979): the tasks stand, their seeds are drawn again, the same seeds for all searchers.
"""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.optimizer.front import Front
from benchmarks.optimizer.simulation import Result
from benchmarks.optimizer.tasks import Scale

Floats = NDArray[np.float64]
RESAMPLED = 2000
LEVEL = 95.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where one search stood once so many full trainings had been paid."""

    searcher: str
    task: str
    workers: int
    seed: int
    paid: int
    regret: float


def regrets(results: Sequence[Result], scale: Scale, full_epochs: int, costs: Iterable[int]) -> list[float]:
    """Return the regret at each cost; costs ascend."""
    found: list[float] = []
    regret, best, place = 1.0, math.inf, 0
    for cost in costs:
        while place < len(results) and results[place].paid <= cost * (1 + 1e-9):
            result = results[place]
            if result.run.epochs == full_epochs and result.loss is not None and result.loss < best:
                best, regret = result.loss, scale.regret(result.true_loss)
            place += 1
        found.append(regret)
    return found


def front_regrets(results: Sequence[Result], front: Front, full_epochs: int, costs: Iterable[int]) -> list[float]:
    """Return at each cost the share of the best known front's hypervolume that full trainings have not reached."""
    full = [result for result in results if result.run.epochs == full_epochs and result.loss is not None]
    return [
        max(0.0, 1 - front.dominated(_points(full, front, cost * (1 + 1e-9))) / front.hypervolume) for cost in costs
    ]


def _points(full: Sequence[Result], front: Front, paid: float) -> list[tuple[float, float]]:
    return [(result.true_loss, result.metrics[front.metric]) for result in full if result.paid <= paid]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    mean: float
    low: float
    high: float


class Regrets:
    """All points of one number of workers, on the tasks and seeds that every searcher has finished."""

    def __init__(self, points: Iterable[Point], workers: int) -> None:
        found = {(p.searcher, p.task, p.seed, p.paid): p.regret for p in points if p.workers == workers}
        self.searchers = _in_order(key[0] for key in found)
        self.costs = sorted({key[3] for key in found})
        done = {key[:3] for key in found}
        self.seeds: dict[str, list[int]] = {}
        for task, seed in sorted({key[1:3] for key in found}):
            if all((searcher, task, seed) in done for searcher in self.searchers):
                self.seeds.setdefault(task, []).append(seed)
        self._found = found

    def of_task(self, searcher: str, task: str, paid: int) -> Floats:
        """Return a regret for each seed.  # (seeds,)"""
        return np.array([self._found[searcher, task, seed, paid] for seed in self.seeds[task]])

    def estimate(self, searcher: str, paid: int) -> Estimate:
        """Return the mean over tasks, each task's seeds averaged."""
        return _estimate(self._means(searcher, paid))

    def ratio(self, searcher: str, other: str, paid: int) -> Estimate:
        """Return how many times another searcher's mean regret this one's is, on the same seeds."""
        ours, theirs = self._means(searcher, paid), self._means(other, paid)
        return _estimate(ours / np.maximum(theirs, 1e-12))

    def rank(self, searcher: str, paid: int) -> float:
        """Return the mean rank among the searchers over tasks and seeds; 1 is best, equals share theirs."""
        ranks = []
        for task in self.seeds:
            ours = self.of_task(searcher, task, paid)
            others = np.array([self.of_task(other, task, paid) for other in self.searchers])  # (searchers, seeds)
            ranks.append(float(np.mean((others < ours).sum(axis=0) + ((others == ours).sum(axis=0) + 1) / 2)))
        return float(np.mean(ranks))

    def reached(self, searcher: str, regret: float) -> int | None:
        """Return the first cost at which the mean is as low; None when it never is."""
        return next((paid for paid in self.costs if self.estimate(searcher, paid).mean <= regret), None)

    def _means(self, searcher: str, paid: int) -> Floats:
        """Return the mean over tasks, as it was and then with seeds drawn again.  # (1 + RESAMPLED,)"""
        rng = np.random.default_rng(0)  # the same draws for every searcher
        by_task = []
        for task, seeds in self.seeds.items():
            drawn = rng.integers(0, len(seeds), (RESAMPLED, len(seeds)))
            regrets_of_task = self.of_task(searcher, task, paid)
            by_task.append(np.concatenate([[regrets_of_task.mean()], regrets_of_task[drawn].mean(axis=1)]))
        return np.asarray(np.mean(by_task, axis=0))


def _estimate(values: Floats) -> Estimate:
    low, high = np.percentile(values[1:], [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Estimate(mean=float(values[0]), low=float(low), high=float(high))


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def read_points(path: Path) -> list[Point]:
    """Return what a file holds; nothing when there is none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [_point(row) for row in csv.DictReader(file)]


def append_points(path: Path, points: Sequence[Point]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Point)])
        if is_new:
            writer.writeheader()
        writer.writerows(asdict(point) for point in points)


def _point(row: Mapping[str, str]) -> Point:
    return Point(
        searcher=row["searcher"],
        task=row["task"],
        workers=int(row["workers"]),
        seed=int(row["seed"]),
        paid=int(row["paid"]),
        regret=float(row["regret"]),
    )
