"""What pages say about numbers, moments and experiments: pure functions of what the controller told.

Most words are the command line's (`podium.cli.phrases`): one thing is said in one way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.text import Text

from podium.cli.phrases import MISSING, counted, in_words, number, spending
from podium.cli.progress import elapsed, time_left
from podium.prices import in_money
from podium.snapshot import has_ended
from podium.taxonomy import ExperimentState
from podium.wire import Experiment, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    name: str
    value: str
    detail: str = ""


def percent(share: float | None) -> str:
    return MISSING if share is None else f"{share:.2%}"


def money(progress: Progress) -> str:
    return MISSING if progress.money is None else in_money(progress.money, progress.currency)


def moment(when: datetime | None) -> str:
    """Write a moment to the second, in UTC."""
    return MISSING if when is None else when.strftime("%Y-%m-%d %H:%M:%S UTC")


def plain(log: str) -> str:
    """Return a log without the colours that terminals are told of."""
    return Text.from_ansi(log).plain


def share(experiment: Experiment) -> float:
    """Return how much of the budget is spent, by the limit that is nearest: 0 to 1."""
    budget, progress = experiment.spec.budget, experiment.progress
    limits = (
        (budget.cost, progress.cost_spent),
        (budget.runs, float(progress.runs_started)),
        (budget.hours, progress.training_hours),
        (budget.money, progress.money or 0.0),
    )
    return min(1.0, max((spent / limit for limit, spent in limits if limit is not None), default=0.0))


def status(experiment: Experiment, now: datetime) -> str:
    """Say in one sentence what an experiment does, what it has found, and how long it will go on."""
    return ". ".join(_sentence_parts(experiment, now)) + "."


def _sentence_parts(experiment: Experiment, now: datetime) -> Iterator[str]:
    yield first_sentence(experiment, now)
    progress, metric = experiment.progress, experiment.spec.objective.metric
    if progress.best_value is not None:
        better = f", {told}" if (told := gain(experiment)) else ""
        so_far = "" if has_ended(experiment) else " so far"
        yield f"Best {metric}{so_far}: {number(progress.best_value)}, of trial {progress.best_trial}{better}"
    elif has_ended(experiment):
        yield "No trial was trained in full"
    left = time_left(experiment, now)
    if experiment.state is ExperimentState.RUNNING and left is not None:
        yield f"About {to_the_minute(left)} to go at this pace"


def first_sentence(experiment: Experiment, now: datetime) -> str:
    """Say what an experiment does, or why it does nothing."""
    told = experiment.message.rstrip(".")
    lasted = time_taken(experiment, now)
    match experiment.state:
        case ExperimentState.RUNNING:
            return f"Running for {lasted}: {told}"
        case ExperimentState.PAUSED:
            return told[:1].upper() + told[1:] if told.startswith("paused") else f"Paused: {told}"
        case ExperimentState.STOPPED:
            return f"Stopped after {lasted} {told.removeprefix('stopped ')}"
        case ExperimentState.COMPLETED:
            return f"Completed after {lasted}: {told.removeprefix('completed: ')}"


def time_taken(experiment: Experiment, now: datetime) -> str:
    """Say how long an experiment took; while it goes on, as a page does that is not to change at every look."""
    took = elapsed(experiment, now)
    return in_words(took) if has_ended(experiment) else to_the_minute(took)


def to_the_minute(duration: timedelta) -> str:
    """Say how long in whole minutes, once it is one."""
    seconds = duration.total_seconds()
    return f"{int(seconds // 60)} min" if 60 <= seconds < 3600 else in_words(duration)


def gain(experiment: Experiment) -> str:
    """Say how the best compares with the baseline; nothing while there are not both."""
    best, baseline = experiment.progress.best_value, experiment.progress.baseline_value
    if best is None or baseline is None:
        return ""
    if best == baseline:
        return "as good as the baseline"
    better = best - baseline if experiment.spec.objective.direction == "maximize" else baseline - best
    return f"{number(abs(better))} {'better' if better > 0 else 'worse'} than the baseline"


def facts(experiment: Experiment, now: datetime) -> list[Fact]:
    """Return the figures at the head of an experiment's page."""
    progress, budget = experiment.progress, experiment.spec.budget
    trials = ", ".join(f"{count} {state}" for state, count in progress.trials.items() if count)
    of_runs = f" of {budget.runs}" if budget.runs is not None else ""
    known = [
        Fact(name="cost", value=cost(experiment), detail="full trainings"),
        Fact(
            name="runs",
            value=f"{progress.runs_started}{of_runs}",
            detail=f"{progress.runs_in_flight} in flight, {counted(progress.promotions, 'promotion')}",
        ),
        Fact(name="trials", value=str(sum(progress.trials.values())), detail=trials or "none yet"),
        Fact(name="time", value=time_taken(experiment, now), detail=f"{progress.training_hours:.2f} h trained"),
    ]
    return known + [Fact(name=name, value=figure) for name, figure in spending(experiment)]


def cost(experiment: Experiment) -> str:
    limit = experiment.spec.budget.cost
    return f"{experiment.progress.cost_spent:.2f}" + (f" of {limit:g}" if limit is not None else "")
