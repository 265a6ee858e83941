"""Podium's optimizer against random search, ASHA, skopt, and Optuna's TPE and GPSampler, on simulated workers.

    make benchmark                                     # all of it; hours of CPU
    python -m benchmarks.optimizer --quick             # 3 minutes: 3 tasks, 2 seeds, 1 worker, 20 full trainings
    python -m benchmarks.optimizer --told              # 8 tasks that tell more than losses, beside Podium untold of it
    python -m benchmarks.optimizer --searchers podium,gp-sampler --seeds 10 --resume

Writes points.csv, as searches end, and regret.svg into build/optimizer, and prints the tables. `--resume` keeps the
searches that points.csv holds already: only right while the code that they ran is the same.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.optimizer.cells import SEARCHERS, TASKS, TOLD, Cell, searched
from benchmarks.optimizer.plot import draw
from benchmarks.optimizer.recorded import RECORDED, is_recorded, rank_correlations
from benchmarks.optimizer.regret import Regrets, append_points, read_points
from benchmarks.optimizer.tables import print_tables

OUT = Path("build/optimizer")
COSTS = (5, 10, 20, 40, 60, 120)
"""Full trainings, at which the tables stand, as far as the budget goes."""
QUICK_TASKS = ("digits", "branin", "misleading")
TOLD_SEARCHERS = ("podium", "podium-untold", "gp-sampler", "tpe", "random")


def main() -> None:
    asked = arguments()
    points_file = asked.out / "points.csv"
    if not asked.resume:
        points_file.unlink(missing_ok=True)
    print_faithfulness([name for name in RECORDED if name in asked.tasks])
    done = {Cell(searcher=p.searcher, task=p.task, workers=p.workers, seed=p.seed) for p in read_points(points_file)}
    cells = [cell for cell in cells_of(asked) if cell not in done]
    for cell, points, seconds in searched(cells, budget=asked.budget, jobs=asked.jobs):
        append_points(points_file, points)
        named = f"{cell.searcher:14}{cell.task:16}{cell.workers:3} workers  seed {cell.seed}"
        print(f"{named}{seconds:8.1f} s", flush=True)
    points = [point for point in read_points(points_file) if point.searcher in asked.searchers]
    panels = {workers: Regrets(points, workers) for workers in asked.workers}
    print_tables(panels, [cost for cost in COSTS if cost <= asked.budget])
    draw({workers: found for workers, found in panels.items() if found.seeds}, asked.out / "regret.svg")
    print(f"\n{points_file} has all points, {asked.out / 'regret.svg'} the picture")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="another default for all of the following")
    parser.add_argument("--told", action="store_true", help="the same, with the tasks that tell more than losses")
    parser.add_argument("--searchers", type=_names(SEARCHERS), help=", ".join(SEARCHERS))
    parser.add_argument("--tasks", type=_names(TASKS), help=", ".join(TASKS))
    parser.add_argument("--seeds", type=int, help="searches for each searcher, task and number of workers")
    parser.add_argument("--workers", type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--budget", type=int, help="full trainings")
    parser.add_argument("--jobs", type=int, default=1, help="searches at once, each on one thread")
    parser.add_argument("--resume", action="store_true", help="keep the searches that ended before")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    asked.searchers = asked.searchers or _default_searchers(asked)
    missing = [name for name in RECORDED if not is_recorded(name)]
    if absent := [name for name in missing if name in (asked.tasks or [])]:
        parser.error(
            f"{', '.join(absent)}: too few curves are recorded; benchmarks/learning_curves.md says how to go on"
        )
    asked.tasks = asked.tasks or [name for name in _default_tasks(asked) if name not in missing]
    is_small = asked.quick or asked.told
    asked.seeds = asked.seeds or (2 if asked.quick else 3 if asked.told else 5)
    asked.workers = asked.workers or ([1] if is_small else [1, 20])
    asked.budget = asked.budget or (20 if is_small else 60)
    return asked


def _default_searchers(asked: argparse.Namespace) -> Sequence[str]:
    if asked.told:
        return TOLD_SEARCHERS
    return [name for name in SEARCHERS if name != "podium-untold" and not (asked.quick and name == "podium-full")]


def _default_tasks(asked: argparse.Namespace) -> Sequence[str]:
    """Return the tasks; what tells more than losses is not mixed with the rest, for only some searchers can use it."""
    if asked.told:
        return list(TOLD)
    return QUICK_TASKS if asked.quick else [name for name in TASKS if name not in TOLD]


def cells_of(asked: argparse.Namespace) -> list[Cell]:
    """Return the cells, seed by seed, so that whatever ends early has been fair to all."""
    return [
        Cell(searcher=searcher, task=task, workers=workers, seed=seed)
        for seed in range(asked.seeds)
        for workers in asked.workers
        for task in asked.tasks
        for searcher in asked.searchers
    ]


def print_faithfulness(names: Sequence[str]) -> None:
    """Print how well the forests predict curves that they were not fitted to."""
    print("rank correlation of predicted and recorded errors, cross-validated, after so many epochs:")
    for name in names:
        by_epoch = "  ".join(f"{epochs}: {value:.2f}" for epochs, value in rank_correlations(name).items())
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
