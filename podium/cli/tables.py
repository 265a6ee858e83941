"""What to say about experiments, trials and runs: pure functions of what the controller told."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from podium.cli.phrases import MISSING, counted, in_words, number, setting, settings, spending, standing
from podium.cli.progress import STATE_STYLES, elapsed
from podium.parameters import Configuration
from podium.taxonomy import EndReason
from podium.wire import STANDARD_ERROR, Attempt, Experiment, Measurement, Run, Trial, TrialDetail

UNTROUBLED = (None, EndReason.SUCCEEDED, EndReason.STOPPED)
LAST_MEASUREMENTS = 10
MOST_UNDER_WAY = 20


def experiments_table(experiments: Sequence[Experiment], now: datetime) -> RenderableType:
    table = plain_table("experiment", "state", "trials", "cost", "best", "time")
    table.columns[0].no_wrap = True  # an id that is cut cannot be used
    for experiment in experiments:
        progress, budget = experiment.progress, experiment.spec.budget
        table.add_row(
            experiment.id,
            Text(experiment.state, style=STATE_STYLES[experiment.state]),
            str(sum(progress.trials.values())),
            f"{progress.cost_spent:.2f}" + (f" of {budget.cost:g}" if budget.cost is not None else ""),
            number(progress.best_value),
            in_words(elapsed(experiment, now)),
        )
    return table


def trials_table(trials: Sequence[Trial], metric: str) -> RenderableType:
    table = plain_table("trial", "state", "epochs", metric, "configuration")
    for trial in trials:
        number_shown = f"{trial.number} (baseline)" if trial.is_baseline else str(trial.number)
        row = (number_shown, trial.state, str(trial.reached_epoch), number(trial.value), settings(trial.configuration))
        table.add_row(*row)
    return table


def trial_view(trial: TrialDetail, metric: str) -> RenderableType:
    """Show one trial whole: its configuration, its runs, and why each attempt ended."""
    title = Text(f"trial {trial.number}", style="bold")
    title.append(f"  {trial.state} at epoch {trial.reached_epoch}, {metric} {number(trial.value)}", style="not bold")
    if trial.is_baseline:
        title.append(", the baseline", style="not bold")
    parts: list[RenderableType] = [title, Text(settings(trial.configuration))]
    if trial.explanation:
        parts.append(Text(trial.explanation))
    parts += [Text(), _runs_table(trial.runs, metric)]
    for run in trial.runs:
        parts += _attempt_lines(run)
    if trial.measurements:
        parts += [Text(), _measurements_table(trial)]
    return Group(*parts)


def troubles_view(runs: Sequence[Run], limit: int = 5) -> RenderableType | None:
    """Say what became of the last runs of which attempts ended badly or wait; None when there are none."""
    troubles = {run.number: list(_troubles(run)) for run in runs}
    troubled = sorted((run for run in runs if troubles[run.number]), key=lambda run: run.attempts[-1].created_at)
    if not troubled:
        return None
    waiting = sum(attempt.waiting != "" for found in troubles.values() for attempt in found)
    ended = sum(map(len, troubles.values())) - waiting
    heading = f"{counted(ended, 'attempt')} ended in trouble, {waiting} waiting; the last runs of them:"
    told = [(run.trial, run.explanation or _attempt_line(troubles[run.number][-1])) for run in troubled[-limit:]]
    return Group(Text(heading, style="bold"), *(Text(f"  trial {trial}: {words}") for trial, words in told))


def under_way_view(runs: Sequence[Run]) -> RenderableType | None:
    """Say of each run how far it is within its epoch, as far as it told; None when none did."""
    told = [run for run in runs if run.attempts and run.attempts[-1].under_way is not None]
    if not told:
        return None
    lines = [Text(f"  trial {run.trial}: {run.explanation}") for run in told[:MOST_UNDER_WAY]]
    if more := len(told) - len(lines):
        lines.append(Text(f"  and {more} more"))
    return Group(Text("within an epoch:", style="bold"), *lines)


def best_view(experiment: Experiment, best: Trial) -> RenderableType:
    """Show the best configuration, with the baseline beside it when there is one."""
    baseline, value = experiment.spec.baseline, experiment.progress.baseline_value
    table = plain_table("", f"best (trial {best.number})", *(["baseline"] if baseline is not None else []))
    for name, chosen in best.configuration.items():
        table.add_row(name, setting(chosen), *_baseline_setting(baseline, name))
    metric = Text(experiment.spec.objective.metric, style="bold")
    beside = [number(value)] if baseline is not None else []
    table.add_row(metric, Text(number(best.value), style="bold green"), *beside)
    return table


def front_view(objectives: Sequence[str], trials: Sequence[Trial]) -> RenderableType:
    """Show the trials of the Pareto front, with their objectives."""
    table = plain_table("trial", *objectives, "configuration")
    for trial in trials:
        values = [number((trial.metrics or {}).get(metric)) for metric in objectives]
        table.add_row(str(trial.number), *values, settings(trial.configuration))
    return table


def summary(experiment: Experiment, best: Trial | None) -> RenderableType:
    """Say what the experiment found, beside its baseline, and what it cost."""
    progress = experiment.progress
    title = f"{experiment.id} {standing(experiment.state, experiment.message)}"
    parts: list[RenderableType] = [Text(title, style="bold")]
    if best is None:
        parts.append(Text("No trial reached full fidelity."))
    else:
        parts.append(best_view(experiment, best))
    budget = experiment.spec.budget.cost
    limit = f" of {budget:g}" if budget is not None else ""
    runs = f"{counted(progress.runs_started, 'run')}, {progress.promotions} of them promotions"
    grid = Table.grid(padding=(0, 2))
    grid.add_row("cost", f"{progress.cost_spent:.2f}{limit} full trainings")
    if (hours := experiment.spec.budget.hours) is not None:
        grid.add_row("training", f"{progress.training_hours:.2f} of {hours:g} hours")
    for name, figure in spending(experiment):
        grid.add_row(name, figure)
    grid.add_row("runs", f"{runs}; {counted(sum(progress.trials.values()), 'trial')}")
    if experiment.ended_at is not None:
        grid.add_row("wall time", in_words(experiment.ended_at - experiment.created_at))
    return Group(*parts, grid)


def _troubles(run: Run) -> Iterator[Attempt]:
    for attempt in run.attempts:
        if attempt.waiting or attempt.end_reason not in UNTROUBLED:
            yield attempt


def _baseline_setting(baseline: Configuration | None, name: str) -> list[str]:
    if baseline is None:
        return []
    return [setting(baseline[name]) if name in baseline else MISSING]


def _runs_table(runs: Sequence[Run], metric: str) -> Table:
    table = plain_table("run", "rung", "epochs", metric, "ended", "because")
    for run in runs:
        because = f"{run.reasons.source}, promotion" if run.is_promotion else run.reasons.source
        table.add_row(
            str(run.number),
            run.rung,
            f"{run.from_epoch} to {run.to_epoch}",
            number(run.value),
            run.end_reason or run.state,
            because,
        )
    return table


def _attempt_lines(run: Run) -> Iterator[RenderableType]:
    for attempt in run.attempts:
        yield Text(f"run {run.number}, {_attempt_line(attempt)}")
        if attempt.end_reason not in UNTROUBLED and attempt.log_tail:
            log = Text.from_ansi(attempt.log_tail)
            log.stylize("dim")
            yield _indented(log)


def _indented(log: Text) -> Text:
    return Text("\n").join(Text("    ").append_text(line) for line in log.split("\n"))


def _attempt_line(attempt: Attempt) -> str:
    code = f" (exit {attempt.exit_code})" if attempt.exit_code is not None else ""
    told = f": {attempt.detail}" if attempt.detail else ""
    return f"attempt {attempt.number} {attempt.job} {attempt.end_reason or attempt.state}{code}{told}"


def _measurements_table(trial: TrialDetail) -> Table:
    shown = trial.measurements[-LAST_MEASUREMENTS:]
    names = list(dict.fromkeys(name for measurement in shown for name in measurement.metrics))
    errors = {name + STANDARD_ERROR for name in names}  # each stands behind its metric
    metrics = [name for name in names if name not in errors]
    table = plain_table("epoch", *metrics, "seconds", "samples/s")
    for measurement in shown:
        measured = [_with_error(measurement, name) for name in metrics]
        table.add_row(
            str(measurement.epoch), *measured, number(measurement.seconds), number(measurement.samples_per_second)
        )
    return table


def _with_error(measurement: Measurement, metric: str) -> str:
    value, error = measurement.metrics.get(metric), measurement.metrics.get(metric + STANDARD_ERROR)
    return number(value) if error is None else f"{number(value)} +- {error:.2g}"


def plain_table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    return table
