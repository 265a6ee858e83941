"""The best result at full fidelity so far, over what was paid and over time, beside the baseline."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from controller.figures.canvas import axis, blank, counted, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import BLUE, GREEN, GREY, INK, ORANGE
from controller.figures.plain import number, plain
from controller.figures.record import Record
from controller.figures.study import Study
from controller.figures.window import spread_evenly, window_of
from podium.taxonomy import RunState

MOST_POINTS = 2_000
"""Of one kind; the line of the best is drawn from all of them."""
TITLE = TITLES[FigureName.HISTORY]


class _Result(NamedTuple):
    """A run's result when it ended."""

    cost: float
    """Full trainings paid until then, by this experiment."""
    hours: float
    value: float
    text: str
    is_full: bool
    counts: bool
    """At full fidelity, and within the thresholds."""


def draw(study: Study) -> go.Figure:
    record = study.record
    found = _results(record)
    if not found:
        failed = sum(run.state is RunState.ENDED for run in record.runs)
        why = f"{counted(failed, 'run')} ended without one" if failed else "none has ended yet"
        return in_words(TITLE, f"Results are drawn as runs report them: {why}.")
    metric, rows = plain(record.spec.objective.metric, 20), (("cost", "x", "y"), ("hours", "x2", "y2"))
    figure = blank(TITLE, _remark(record, found), height=440)
    for which, x, y in rows:
        for trace in _traces(record, found, which):
            figure.add_trace(trace.update(xaxis=x, yaxis=y, showlegend=which == "cost"))
    shown = window_of([each.value for each in found if each.is_full] or [each.value for each in found])
    figure.update_layout(
        xaxis=axis("paid, in full trainings", anchor="y"),
        xaxis2=axis("hours since the start", anchor="y2"),
        yaxis=axis(metric, domain=[0.6, 1.0], range=shown),
        yaxis2=axis(metric, domain=[0.0, 0.4], range=shown),
    )
    return figure


def _results(record: Record) -> list[_Result]:
    """Return the results in the order in which they came."""
    full, paid, found = record.ladder.full_epochs, 0.0, []
    ended = (run for run in record.runs if run.ended_at is not None)
    for run in sorted(ended, key=lambda run: (run.ended_at or record.now, run.number)):
        paid += record.charged(run)
        trial = record.trial[run.trial]
        if run.value is None or run.ended_at is None:
            continue
        is_full = run.reached_epoch == full
        found.append(
            _Result(
                cost=paid,
                hours=(run.ended_at - record.created_at).total_seconds() / 3600,
                value=run.value,
                text=f"trial {run.trial}: {number(run.value)} after {plain(run.rung)}",
                is_full=is_full,
                counts=is_full and trial.meets_thresholds,
            )
        )
    return found


def _remark(record: Record, found: Sequence[_Result]) -> str:
    best, baseline = record.best, record.baseline
    parts = ["objective: " + _direction(record)]
    if best is not None and best.value is not None:
        parts.append(f"best: {number(best.value)}, of trial {best.number}")
    if baseline is None:
        parts.append("no baseline was asked for")
    elif baseline not in record.completed:
        parts.append("the baseline has no result at full fidelity")
    if len(record.goals) > 1:
        parts.append("of several objectives the first; the front shows all")
    if max(sum(each.is_full for each in found), sum(not each.is_full for each in found)) > MOST_POINTS:
        parts.append(f"of each kind {MOST_POINTS:,} points are drawn")
    return "; ".join(parts) + "."


def _direction(record: Record) -> str:
    return f"{'largest' if record.goals[0].maximize else 'smallest'} {plain(record.goals[0].metric)}"


def _traces(record: Record, found: Sequence[_Result], which: str) -> list[go.Scatter]:
    """Return what stands on one panel: `which` is what its x axis counts."""

    def points(chosen: Sequence[_Result], name: str, *, is_hidden: bool = False, **marker: object) -> go.Scatter:
        kept = [chosen[place] for place in spread_evenly(len(chosen), MOST_POINTS)]
        return go.Scatter(
            x=[getattr(each, which) for each in kept],
            y=[each.value for each in kept],
            text=[each.text for each in kept],
            hoverinfo="text",
            mode="markers",
            name=name,
            legendgroup=name,
            visible="legendonly" if is_hidden else True,
            marker={"size": 6, "opacity": 0.9, **marker},
        )

    shorter = [each for each in found if not each.is_full]
    missing = [each for each in found if each.is_full and not each.counts]
    counting = [each for each in found if each.counts]
    traces = [points(shorter, "shorter runs", is_hidden=bool(counting), color=GREY, symbol="circle-open")]
    if missing:
        traces.append(points(missing, "misses a threshold", color=ORANGE, symbol="x"))
    traces.append(points(counting, "full trainings", color=BLUE))
    now = (record.now - record.created_at).total_seconds() / 3600
    last = now if which == "hours" else sum(record.charged(run) for run in record.runs if run.ended_at is not None)
    if counting:
        sign = record.goals[0].sign
        best = sign * np.minimum.accumulate([sign * each.value for each in counting])
        x = [getattr(each, which) for each in counting]
        changes = [place for place in range(len(best)) if place == 0 or best[place] != best[place - 1]]
        traces.append(
            go.Scatter(
                x=[*(x[place] for place in changes), max(last, x[-1])],
                y=[*(float(best[place]) for place in changes), float(best[-1])],
                mode="lines",
                line={"color": GREEN, "width": 3, "shape": "hv"},
                name="best so far",
                legendgroup="best so far",
                hovertemplate="best so far: %{y:.4g}<extra></extra>",
            )
        )
    baseline = record.baseline
    if baseline is not None and baseline in record.completed:
        traces.append(
            go.Scatter(
                x=[0.0, last],
                y=[baseline.value, baseline.value],
                mode="lines",
                line={"color": INK, "width": 2, "dash": "dash"},
                name="baseline",
                legendgroup="baseline",
                hovertemplate="baseline: %{y:.4g}<extra></extra>",
            )
        )
    return traces
