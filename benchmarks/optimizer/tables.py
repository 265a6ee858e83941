"""The figures as text."""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.optimizer.regret import Estimate, Regrets

RIVAL = "gp-sampler"
"""Whom to beat; ratios are to its regret."""
CHANCE = "random"

Entry = Callable[[str, int], str]
"""From a searcher and a cost to what the table has there."""


def print_tables(panels: Mapping[int, Regrets], costs: Sequence[int]) -> None:
    for workers, regrets in panels.items():
        count = sum(map(len, regrets.seeds.values()))
        print(f"\n{workers} worker{'s' * (workers > 1)}: {count} searches of {len(regrets.seeds)} tasks by each")
        if count > 0:
            _print_panel(regrets, costs)


def _print_panel(regrets: Regrets, costs: Sequence[int]) -> None:
    _print_rows("mean regret", regrets, costs, lambda name, cost: _text(regrets.estimate(name, cost)))
    _print_rows("mean rank", regrets, costs, lambda name, cost: f"{regrets.rank(name, cost):.2f}")
    if RIVAL in regrets.searchers:
        _print_rows(f"of {RIVAL}'s", regrets, costs, lambda name, cost: _text(regrets.ratio(name, RIVAL, cost)))
    for task in regrets.seeds:
        _print_rows(task, regrets, costs, _of_task(regrets, task))
    if CHANCE in regrets.searchers:
        _print_speed(regrets, costs[-1])


def _print_rows(title: str, regrets: Regrets, costs: Sequence[int], entry: Entry) -> None:
    print(f"  {title + ' at':20}" + "".join(f"{cost:>23}" for cost in costs))
    for name in regrets.searchers:
        print(f"    {name:18}" + "".join(f"{entry(name, cost):>23}" for cost in costs))


def _of_task(regrets: Regrets, task: str) -> Entry:
    def entry(name: str, cost: int) -> str:
        values = regrets.of_task(name, task, cost)
        return f"{values.mean():.3f} +- {values.std() / len(values) ** 0.5:.3f}"

    return entry


def _print_speed(regrets: Regrets, last: int) -> None:
    regret = regrets.estimate(CHANCE, last).mean
    if regret >= 1:
        return  # it has finished nothing
    words = []
    for name in regrets.searchers:
        reached = regrets.reached(name, regret)
        words.append(f"{name} {'never' if reached is None else reached}")
    print(f"  full trainings until the mean regret of {CHANCE} after {last}: " + ", ".join(words))


def _text(estimate: Estimate) -> str:
    return f"{estimate.mean:.3f} [{estimate.low:.3f}-{estimate.high:.3f}]"
