"""The searches of the comparison, each in a process of one thread."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

from benchmarks.optimizer import believed, peers, recorded, reported, searchers, skopt_peer, synthetic
from benchmarks.optimizer.regret import Point, front_regrets, regrets
from benchmarks.optimizer.simulation import MakeSearcher, simulate
from benchmarks.optimizer.tasks import Scale, Task, scale_of

SEARCHERS: Mapping[str, MakeSearcher] = {
    "podium": searchers.Podium,
    "podium-full": searchers.podium_full,
    "podium-early": searchers.EarlyStopping,
    "podium-untold": searchers.Untold,
    "gp-sampler": peers.gp_sampler,
    "tpe": peers.tpe,
    "skopt": skopt_peer.Skopt,
    "asha": searchers.Asha,
    "random": searchers.RandomSearch,
}
TOLD: Mapping[str, Callable[[], Task]] = {
    "thresholds": reported.thresholds,
    "two-objectives": reported.two_objectives,
    "repeats": reported.repeats,
    "hint": believed.hint,
    "wrong-hint": believed.wrong_hint,
    "warm-start": believed.warm_start,
    "overlapping": believed.overlapping,
    "wrong-warm-start": believed.wrong_warm_start,
}
"""Of what more is told than parameters, rungs and losses."""
TASKS: Mapping[str, Callable[[], Task]] = {
    "digits": recorded.digits,
    "fashion-mnist": recorded.fashion_mnist,
    "branin": synthetic.branin,
    "hartmann6": synthetic.hartmann6,
    "misleading": synthetic.misleading,
    "failing": synthetic.failing,
    "noisy": synthetic.noisy,
    "outliers": synthetic.outliers,
    "wide": synthetic.wide,
    "constrained": synthetic.constrained,
    "conditional": synthetic.conditional,
    "starting-over": synthetic.starting_over,
    "two-fidelities": synthetic.two_fidelities,
    **TOLD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One search."""

    searcher: str
    task: str
    workers: int
    seed: int


def searched(cells: Sequence[Cell], *, budget: int, jobs: int) -> Iterator[tuple[Cell, list[Point], float]]:
    """Search each cell, and give its points and its CPU seconds, in the cells' order."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # read by the processes that are started next
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(search, cells, [budget] * len(cells))


def search(cell: Cell, budget: int) -> tuple[Cell, list[Point], float]:
    task, scale = task_and_scale(cell.task)
    began = time.process_time()
    searcher = SEARCHERS[cell.searcher](task, cell.seed, cell.workers)
    results = simulate(task, searcher, workers=cell.workers, budget=budget, seed=cell.seed)
    costs = range(1, budget + 1)
    full_epochs = task.ladder.full_epochs
    if task.front is None:
        found = regrets([each for each in results if task.allows(each.metrics)], scale, full_epochs, costs)
    else:
        found = front_regrets(results, task.front, full_epochs, costs)
    points = [
        Point(
            searcher=cell.searcher,
            task=cell.task,
            workers=cell.workers,
            seed=cell.seed,
            paid=paid,
            regret=regret,
        )
        for paid, regret in zip(costs, found, strict=True)
    ]
    return cell, points, time.process_time() - began


@cache
def task_and_scale(name: str) -> tuple[Task, Scale]:
    task = TASKS[name]()
    return task, scale_of(task)
