"""What to say about a running experiment: pure functions of what the controller told and of the time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from podium.cli.phrases import MISSING, counted, in_words, number, spending, standing
from podium.snapshot import has_ended
from podium.taxonomy import ExperimentState, RunState, TrialState
from podium.wire import Experiment, Run

STATE_STYLES = {
    ExperimentState.RUNNING: "green",
    ExperimentState.PAUSED: "yellow",
    ExperimentState.STOPPED: "magenta",
    ExperimentState.COMPLETED: "bold green",
}
BAR_WIDTH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class RungCount:
    """How many runs aimed at one rung, and what came of them."""

    name: str
    epochs: int
    reached: int
    in_flight: int
    promotions: int
    best: float | None


def progress_view(experiment: Experiment, runs: Sequence[Run], now: datetime) -> RenderableType:
    """Draw where the experiment stands."""
    title = Text(f"{experiment.id}  ", style="bold")
    title.append(experiment.state, style=STATE_STYLES[experiment.state])
    told = standing(experiment.state, experiment.message).removeprefix(experiment.state)
    title.append(told, style="not bold")
    return Group(title, _figures(experiment, runs, now), _rung_table(count_rungs(experiment, runs)))


def progress_line(experiment: Experiment, runs: Sequence[Run], now: datetime) -> str:
    """Say where the experiment stands in one line, for a log."""
    progress = experiment.progress
    parts = [
        f"{experiment.state} {'after' if has_ended(experiment) else 'for'} {in_words(elapsed(experiment, now))}",
        counted(sum(progress.trials.values()), "trial"),
        f"{progress.runs_in_flight} in flight",
        f"{progress.promotions} promoted",
        f"cost {_cost(experiment)}",
        f"best {_best(experiment)}",
        *_time_left_words(experiment, now),
    ]
    return f"{experiment.id} " + ", ".join(parts)


def elapsed(experiment: Experiment, now: datetime) -> timedelta:
    return max(timedelta(0), (experiment.ended_at or now) - experiment.created_at)


def time_left(experiment: Experiment, now: datetime) -> timedelta | None:
    """Estimate when the first limit of the budget is reached at the pace so far; None before anything was trained.

    The pace is of what was trained. `cost_spent` would not do: it counts a run in full as soon as it starts.
    """
    budget, passed = experiment.spec.budget, elapsed(experiment, now)
    done = [
        (budget.cost, experiment.progress.cost_trained),
        (budget.runs, float(experiment.progress.runs_ended)),
        (budget.hours, experiment.progress.training_hours),
        (budget.money, experiment.progress.money or 0.0),
    ]
    estimates = [passed * max(0.0, (limit - part) / part) for limit, part in done if limit is not None and part > 0]
    return min(estimates, default=None)


def count_rungs(experiment: Experiment, runs: Sequence[Run]) -> list[RungCount]:
    """Count the runs to each rung, the shortest rung first. Rungs that no run has aimed at yet count too."""
    named = experiment.spec.fidelity.rungs or {}
    rungs = sorted({(epochs, name) for name, epochs in named.items()} | {(run.to_epoch, run.rung) for run in runs})
    choose = max if experiment.spec.objective.direction == "maximize" else min
    counts = []
    for epochs, name in rungs:
        here = [run for run in runs if (run.to_epoch, run.rung) == (epochs, name)]
        reached = [run for run in here if run.state is RunState.ENDED and run.reached_epoch >= epochs]
        values = [run.value for run in reached if run.value is not None]
        counts.append(
            RungCount(
                name=name,
                epochs=epochs,
                reached=len(reached),
                in_flight=sum(run.state is RunState.RUNNING for run in here),
                promotions=sum(run.is_promotion for run in here),
                best=choose(values) if values else None,
            )
        )
    return counts


def _figures(experiment: Experiment, runs: Sequence[Run], now: datetime) -> Table:
    progress, budget = experiment.progress, experiment.spec.budget
    limit = f" of {budget.runs}" if budget.runs is not None else ""
    grid = Table.grid(padding=(0, 2))
    if budget.cost is not None:
        bar = ProgressBar(total=budget.cost, completed=min(progress.cost_spent, budget.cost), width=BAR_WIDTH)
        grid.add_row("", bar)
    grid.add_row("cost", f"{_cost(experiment)} full trainings")
    for name, figure in spending(experiment):
        grid.add_row(name, figure)
    grid.add_row("time", ", ".join([in_words(elapsed(experiment, now)), *_time_left_words(experiment, now)]))
    promotions = counted(progress.promotions, "promotion")
    grid.add_row("runs", f"{progress.runs_started}{limit}, {progress.runs_in_flight} in flight, {promotions}")
    grid.add_row("trials", ", ".join(_trials_by_state(experiment)) or "none yet")
    grid.add_row("best", f"{experiment.spec.objective.metric} {_best(experiment)}")
    if experiment.spec.baseline is not None:
        grid.add_row("baseline", f"{experiment.spec.objective.metric} {number(progress.baseline_value)}")
    return grid


def _rung_table(counts: Sequence[RungCount]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("rung")
    for heading in ("epochs", "reached", "in flight", "by promotion", "best"):
        table.add_column(heading, justify="right")
    for count in counts:
        figures = (count.epochs, count.reached, count.in_flight, count.promotions)
        table.add_row(count.name, *map(str, figures), number(count.best))
    return table


def _trials_by_state(experiment: Experiment) -> Iterator[str]:
    for state in TrialState:
        if count := experiment.progress.trials.get(state, 0):
            yield f"{count} {state}"


def _cost(experiment: Experiment) -> str:
    spent, budget = f"{experiment.progress.cost_spent:.2f}", experiment.spec.budget.cost
    return spent if budget is None else f"{spent} of {budget:g}"


def _best(experiment: Experiment) -> str:
    progress = experiment.progress
    if progress.best_value is None:
        return MISSING
    return f"{number(progress.best_value)} (trial {progress.best_trial})"


def _time_left_words(experiment: Experiment, now: datetime) -> list[str]:
    left = time_left(experiment, now)
    if left is None or experiment.state is not ExperimentState.RUNNING:
        return []
    return [f"about {in_words(left)} left"]
