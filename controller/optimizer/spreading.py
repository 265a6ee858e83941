"""The same cost for each rung: at the start, so that the model learns how far a short run may be trusted.

It is what brackets of successive halving do (Li et al. 2018, section 3), without brackets: the rung that is furthest
behind is served next, by the most promising trial that stands below it. Afterwards full trainings keep their share.
"""

from collections.abc import Mapping

from controller.experiment import History, Ladder, Rung

SPREAD_COST = 10.0
"""Full trainings, and one more for each run in flight and the next, that the start takes."""
SPREAD_SHARE = 0.5
"""Of the budget, that it takes at most: a small one must pay for what comes after, too."""
ROUNDING = 1e-9
"""Costs are sums of floats; with one rung the shares are equal."""


def is_spreading(spent: Mapping[int, float], history: History) -> bool:
    """Say whether the start goes on."""
    so_far = sum(spent.values())
    return so_far < min(SPREAD_COST + len(history.in_flight) + 1, SPREAD_SHARE * (so_far + history.remaining_cost))


def lacks_full(spent: Mapping[int, float], ladder: Ladder) -> bool:
    """Say whether full trainings had less than their equal share of the cost.

    A model that is too sure of itself sees little to gain anywhere, and buys hundreds of the cheapest runs around its
    best: only full trainings tell it otherwise.
    """
    return spent[ladder.full_epochs] * len(ladder.rungs) < sum(spent.values()) * (1 - ROUNDING)


def starved_first(spent: Mapping[int, float], ladder: Ladder) -> tuple[Rung, ...]:
    """Return the rungs, the one on which least was spent first."""
    return tuple(sorted(ladder.rungs, key=lambda rung: spent[rung.epochs]))


def spent_by_rung(history: History, ladder: Ladder) -> Mapping[int, float]:
    """Return the full trainings started so far, by the epochs of the rung that they lead to."""
    spent = {rung.epochs: 0.0 for rung in ladder.rungs}
    reached: dict[int, int] = {}
    for seen in history.observations:
        start = reached.get(seen.trial, 0)
        if seen.epochs > start:
            spent[ladder.rung_to(seen.epochs).epochs] += ladder.cost(start, seen.epochs)
            reached[seen.trial] = seen.epochs
    for run in history.in_flight:
        spent[ladder.rung_to(run.to_epochs).epochs] += ladder.cost(run.from_epochs, run.to_epochs)
    return spent
