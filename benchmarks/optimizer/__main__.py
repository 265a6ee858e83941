"""Podium's optimizer against random search, ASHA, and Optuna's TPE and GPSampler, on simulated workers.

    make benchmark                                     # all of it; hours of CPU
    python -m benchmarks.optimizer --quick             # 3 minutes: 3 tasks, 2 seeds, 1 worker, 20 full trainings
    python -m benchmarks.optimizer --searchers podium,gp-sampler --seeds 10 --resume

Writes points.csv, as searches end, and regret.svg into build/optimizer, and prints the tables. `--resume` keeps the
searches that points.csv holds already: only right while the code that they ran is the same.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from benchmarks.optimizer import peers, recorded, searchers, synthetic
from benchmarks.optimizer.plot import draw
from benchmarks.optimizer.regret import Cell, Point, Regrets, append_points, read_points, regrets
from benchmarks.optimizer.simulation import MakeSearcher, simulate
from benchmarks.optimizer.tables import print_tables
from benchmarks.optimizer.tasks import Scale, Task, scale_of

OUT = Path("build/optimizer")
COSTS = (5, 10, 20, 60)
"""Full trainings, at which the tables stand."""
SEARCHERS: Mapping[str, MakeSearcher] = {
    "podium": searchers.Podium,
    "podium-full": searchers.podium_full,
    "gp-sampler": peers.gp_sampler,
    "tpe": peers.tpe,
    "asha": searchers.Asha,
    "random": searchers.RandomSearch,
}
TASKS: Mapping[str, Callable[[], Task]] = {
    "digits": recorded.digits,
    "fashion-mnist": recorded.fashion_mnist,
    "branin": synthetic.branin,
    "hartmann6": synthetic.hartmann6,
    "misleading": synthetic.misleading,
    "failing": synthetic.failing,
    "noisy": synthetic.noisy,
}
QUICK_TASKS = ("digits", "branin", "misleading")


def main() -> None:
    asked = arguments()
    points_file = asked.out / "points.csv"
    if not asked.resume:
        points_file.unlink(missing_ok=True)
    if recorded_tasks := {"digits", "fashion-mnist"}.intersection(asked.tasks):
        print_faithfulness(sorted(recorded_tasks))
    done = {Cell(searcher=p.searcher, task=p.task, workers=p.workers, seed=p.seed) for p in read_points(points_file)}
    cells = [cell for cell in cells_of(asked) if cell not in done]
    for cell, points, seconds in searched(cells, budget=asked.budget, jobs=asked.jobs):
        append_points(points_file, points)
        print(
            f"{cell.searcher:12}{cell.task:15}{cell.workers:3} workers  seed {cell.seed}  {seconds:6.1f} s", flush=True
        )
    points = [point for point in read_points(points_file) if point.searcher in asked.searchers]
    panels = {workers: Regrets(points, workers) for workers in asked.workers}
    print_tables(panels, [cost for cost in COSTS if cost <= asked.budget])
    draw({workers: found for workers, found in panels.items() if found.seeds}, asked.out / "regret.svg")
    print(f"\n{points_file} has all points, {asked.out / 'regret.svg'} the picture")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="another default for all of the following")
    parser.add_argument("--searchers", type=_names(SEARCHERS), help=", ".join(SEARCHERS))
    parser.add_argument("--tasks", type=_names(TASKS), help=", ".join(TASKS))
    parser.add_argument("--seeds", type=int, help="searches for each searcher, task and number of workers")
    parser.add_argument("--workers", type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--budget", type=int, help="full trainings")
    parser.add_argument("--jobs", type=int, default=1, help="searches at once, each on one thread")
    parser.add_argument("--resume", action="store_true", help="keep the searches that ended before")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    names = [name for name in SEARCHERS if name != "podium-full"] if asked.quick else list(SEARCHERS)
    asked.searchers = asked.searchers or names
    asked.tasks = asked.tasks or list(QUICK_TASKS if asked.quick else TASKS)
    asked.seeds = asked.seeds or (2 if asked.quick else 5)
    asked.workers = asked.workers or ([1] if asked.quick else [1, 20])
    asked.budget = asked.budget or (20 if asked.quick else 60)
    return asked


def cells_of(asked: argparse.Namespace) -> list[Cell]:
    """Return the cells, seed by seed, so that whatever ends early has been fair to all."""
    return [
        Cell(searcher=searcher, task=task, workers=workers, seed=seed)
        for seed in range(asked.seeds)
        for workers in asked.workers
        for task in asked.tasks
        for searcher in asked.searchers
    ]


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
    found = regrets(results, scale, task.ladder.full_epochs, costs)
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


def print_faithfulness(names: Sequence[str]) -> None:
    print("rank correlation of predicted and recorded errors, cross-validated, after so many epochs:")
    for name in names:
        by_epoch = "  ".join(f"{epochs}: {value:.2f}" for epochs, value in recorded.rank_correlations(name).items())
        print(f"  {name:15}{by_epoch}")


def _names(known: Mapping[str, object]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        found = text.split(",")
        if unknown := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
        return found

    return names


if __name__ == "__main__":
    main()
