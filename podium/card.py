"""An experiment in a few words: a line for a prompt, a card for a notebook. Pure functions of what the wire told."""

from html import escape

from podium.taxonomy import ExperimentState
from podium.wire import Experiment

COLOURS = {
    ExperimentState.RUNNING: "#2e7d32",
    ExperimentState.PAUSED: "#b26a00",
    ExperimentState.STOPPED: "#8e24aa",
    ExperimentState.COMPLETED: "#1565c0",
}
"""They are told by words too, and legible on light and dark."""


def card_line(experiment: Experiment) -> str:
    """Say which experiment it is, its state, and its best value."""
    return f"{experiment.id}: {', '.join([experiment.state, *_told(experiment)])}"


def card_html(experiment: Experiment, trouble: str = "") -> str:
    """Draw the experiment as HTML: state, message, how much of its budget is spent, and the best so far."""
    share = spent_share(experiment)
    bar = "" if share is None else f'<progress max="1" value="{share:.4f}" style="width:24em"></progress><br>'
    remark = f'<br><span style="color:#b26a00">{escape(trouble)}</span>' if trouble else ""
    return (
        '<div style="border-left:4px solid {colour};padding:.2em .8em">'
        '<b>{id}</b> <span style="color:{colour};font-weight:bold">{state}</span> {message}<br>'
        "{bar}{told}{remark}</div>"
    ).format(
        colour=COLOURS[experiment.state],
        id=escape(experiment.id),
        state=escape(experiment.state),
        message=escape(experiment.message),
        bar=bar,
        told=escape(" · ".join(_told(experiment))),
        remark=remark,
    )


def spent_share(experiment: Experiment) -> float | None:
    """Return how much of the budget is used, by the limit that is nearest, in [0, 1]; None without a limit."""
    budget, progress = experiment.spec.budget, experiment.progress
    used = [
        (budget.cost, progress.cost_spent),
        (budget.runs, float(progress.runs_started)),
        (budget.hours, progress.training_hours),
        (budget.money, progress.money or 0.0),
    ]
    return max((min(1.0, part / limit) for limit, part in used if limit), default=None)


def _told(experiment: Experiment) -> list[str]:
    progress, budget = experiment.progress, experiment.spec.budget
    count = sum(progress.trials.values())
    told = [f"{count} trial{'' if count == 1 else 's'}", f"{progress.runs_in_flight} in flight"]
    told.append(f"cost {progress.cost_spent:.2f}" + (f" of {budget.cost:g}" if budget.cost is not None else ""))
    if progress.best_value is not None:
        metric = experiment.spec.objective.metric
        told.append(f"best {metric} {progress.best_value:.4g} (trial {progress.best_trial})")
        if progress.baseline_value is not None:
            told.append(f"baseline {progress.baseline_value:.4g}")
    return told
