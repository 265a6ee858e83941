"""The trials that none beats in every objective, beside all others."""

import numpy as np
import plotly.graph_objects as go

from controller.experiment import Goal
from controller.figures.canvas import axis, blank, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import GREEN, INK, ORANGE, SKY
from controller.figures.plain import number, plain
from controller.figures.record import Record, TrialSeen
from controller.figures.study import Study
from controller.figures.window import spread_evenly, window_of
from controller.front import on_the_front

TITLE = TITLES[FigureName.PARETO]
MOST_POINTS = 2_000
GAP = 0.12
"""Between panels, as a share of the width."""


def draw(study: Study) -> go.Figure:
    record = study.record
    if len(record.goals) < 2:
        return in_words(TITLE, "There is one objective, and so one best trial, not a front.")
    counting = [trial for trial in record.completed if trial.meets_thresholds]
    front = [counting[place] for place in on_the_front([trial.metrics for trial in counting], record.goals)]
    if not front:
        return in_words(TITLE, "The front is drawn from full trainings that report every objective: there is none yet.")
    first, *others = record.goals
    figure = blank(TITLE, _remark(record, len(front)), height=340)
    width = (1 - GAP * (len(others) - 1)) / len(others)
    for place, goal in enumerate(others):
        suffix = "" if place == 0 else f"{place + 1}"
        for trace in _traces(record, front, (first, goal), is_line=len(others) == 1):
            figure.add_trace(trace.update(xaxis=f"x{suffix}", yaxis=f"y{suffix}", showlegend=place == 0))
        left = place * (width + GAP)
        values = [[_value(trial, each) for trial in counting] for each in (first, goal)]
        figure.update_layout(
            {
                f"xaxis{suffix}": axis(
                    _named(first), domain=[left, left + width], anchor=f"y{suffix}", range=window_of(values[0])
                ),
                f"yaxis{suffix}": axis(_named(goal), anchor=f"x{suffix}", range=window_of(values[1])),
            }
        )
    return figure


def _traces(record: Record, front: list[TrialSeen], goals: tuple[Goal, Goal], *, is_line: bool) -> list[go.Scatter]:
    on_it = {trial.number for trial in front}
    rest = [trial for trial in record.completed if trial.number not in on_it]
    beaten = [trial for trial in rest if trial.meets_thresholds]
    missing = [trial for trial in rest if not trial.meets_thresholds]
    ordered = sorted(front, key=lambda trial: _value(trial, goals[0]))
    baseline = [record.baseline] if record.baseline in record.completed else []
    line = {"mode": "lines+markers", "line": {"color": GREEN, "width": 2, "shape": _corner(goals)}} if is_line else {}
    return [
        _points(beaten, goals, "beaten").update(marker={"color": SKY, "size": 6, "opacity": 0.6}),
        _points(missing, goals, "misses a threshold").update(marker={"color": ORANGE, "size": 6, "symbol": "x"}),
        _points(ordered, goals, "on the front").update(marker={"color": GREEN, "size": 9, "symbol": "diamond"}, **line),
        _points([each for each in baseline if each], goals, "baseline").update(
            marker={"color": INK, "size": 12, "symbol": "star"}
        ),
    ]


def _points(trials: list[TrialSeen], goals: tuple[Goal, Goal], name: str) -> go.Scatter:
    kept = [trials[place] for place in spread_evenly(len(trials), MOST_POINTS)]
    x, y = ([_value(trial, goal) for trial in kept] for goal in goals)
    text = [f"trial {trial.number}: {number(a)}, {number(b)}" for trial, a, b in zip(kept, x, y, strict=True)]
    return go.Scatter(x=x, y=y, text=text, hoverinfo="text", mode="markers", name=name, legendgroup=name)


def _corner(goals: tuple[Goal, Goal]) -> str:
    """Return which way a step turns, so that the line bounds what is beaten: only what was reached is promised.

    Drawn from left to right by the first objective; between two points of the front neither's second value is known
    to be reachable with the other's first.
    """
    return "vh" if goals[0].maximize else "hv"


def _value(trial: TrialSeen, goal: Goal) -> float:
    return float((trial.metrics or {}).get(goal.metric, np.nan))


def _named(goal: Goal) -> str:
    return f"{plain(goal.metric, 20)} ({'larger' if goal.maximize else 'smaller'} is better)"


def _remark(record: Record, front: int) -> str:
    told = f"{front} of {len(record.completed):,} full trainings are on the front"
    if len(record.goals) > 2:
        told += f"; it is the front of all {len(record.goals)} objectives, so a panel of two does not show it as a line"
    if len(record.completed) > MOST_POINTS:
        told += f"; of each kind {MOST_POINTS:,} points are drawn"
    return told + "."
