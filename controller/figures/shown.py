"""Which runs' curves are shown where an eye could not follow all: the baseline, the best, and some of the rest."""

from collections.abc import Sequence

from controller.experiment import Goal
from controller.figures.record import RunSeen, TrialSeen
from controller.figures.window import spread_evenly
from podium.taxonomy import TrialState

MOST_TRIALS = 200
BEST = 50
MOST_POINTS = 10_000
"""Of all curves together: a browser draws so many without a pause."""


def runs_with_curves(trials: Sequence[TrialSeen], runs: Sequence[RunSeen], goal: Goal) -> list[RunSeen]:
    """Return the runs of the trials that are shown, of those that reported something."""
    shown = trials_with_curves(trials, goal)
    return [run for run in runs if run.trial in shown and run.reached_epoch > run.from_epoch]


def trials_with_curves(trials: Sequence[TrialSeen], goal: Goal) -> frozenset[int]:
    """Return the numbers of at most MOST_TRIALS trials."""
    told = [trial for trial in trials if trial.value is not None]
    full = [trial for trial in told if trial.state is TrialState.COMPLETED]
    best = sorted(full, key=lambda trial: goal.sign * (trial.value or 0.0))[:BEST]
    first = {trial.number for trial in (*best, *(trial for trial in told if trial.is_baseline))}
    rest = [trial.number for trial in told if trial.number not in first]
    return frozenset(first | {rest[place] for place in spread_evenly(len(rest), MOST_TRIALS - len(first))})
