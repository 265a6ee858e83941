"""The objective over the epochs of runs, by the rung that each run aimed at."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from controller.figures.canvas import axis, blank, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import DASHES, IN_TURN, INK, SYMBOLS
from controller.figures.plain import plain
from controller.figures.record import Curve, Record, RunSeen
from controller.figures.study import Study
from controller.figures.window import window_of

TITLE = TITLES[FigureName.CURVES]
WHOLE_TICKS = 10
"""Up to so many epochs each has its mark on the axis: plotly would set some at halves."""


def draw(study: Study) -> go.Figure:
    record = study.record
    if not record.curves:
        return in_words(TITLE, "Curves are drawn as runs report their epochs: nothing was reported yet.")
    ends = _ends(record)
    figure = blank(TITLE, _remark(record))
    rungs = list(dict.fromkeys(run.rung for run in sorted(record.runs, key=lambda run: run.to_epoch)))
    for place, rung in enumerate(rungs):
        chosen = [curve for curve in record.curves if record.run[curve.run].rung == rung]
        if chosen:
            style = {"color": IN_TURN[place % len(IN_TURN)], "dash": DASHES[place % len(DASHES)], "width": 1.2}
            figure.add_trace(_lines(record, chosen, ends, f"to {plain(rung)}", style))
            figure.data[-1].update(marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 4})
    for trial, name, dash in ((record.baseline, "baseline", "dash"), (record.best, "best trial", "solid")):
        chosen = [curve for curve in record.curves if trial and record.run[curve.run].trial == trial.number]
        if chosen:
            figure.add_trace(_lines(record, chosen, ends, name, {"color": INK, "dash": dash, "width": 3.5}))
    shown = window_of(np.concatenate([curve.values for curve in record.curves]))
    figure.update_layout(
        xaxis=axis(plain(record.spec.fidelity.resource), dtick=1 if record.ladder.full_epochs <= WHOLE_TICKS else None),
        yaxis=axis(plain(record.spec.objective.metric, 36), range=shown),
    )
    return figure


def _remark(record: Record) -> str:
    shown = len({record.run[curve.run].trial for curve in record.curves})
    told = sum(trial.value is not None for trial in record.trials)
    if shown >= told:
        return ""
    return f"{shown} of {told:,} trials: the baseline, the best, and some of the rest, evenly spread over time."


def _ends(record: Record) -> Mapping[tuple[int, int], float]:
    """Return the last value of each curve, by its trial and epoch: where a run that goes on begins."""
    return {
        (record.run[curve.run].trial, int(curve.epochs[-1])): float(curve.values[-1])
        for curve in record.curves
        if len(curve.epochs)
    }


def _lines(
    record: Record, curves: Sequence[Curve], ends: Mapping[tuple[int, int], float], name: str, line: object
) -> go.Scatter:
    """Return many curves as one trace, with a gap behind each."""
    x: list[float | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for curve in curves:
        run = record.run[curve.run]
        before = _before(run, ends)
        x += [*before[:1], *curve.epochs.tolist(), None]
        y += [*before[1:], *curve.values.tolist(), None]
        text += [f"trial {run.trial}"] * (len(curve.epochs) + len(before) // 2) + [""]
    return go.Scatter(
        x=x,
        y=y,
        text=text,
        mode="lines+markers" if len(x) < 400 else "lines",
        line=line,
        name=name,
        hovertemplate="%{text}: %{y:.4g} at %{x}<extra></extra>",
    )


def _before(run: RunSeen, ends: Mapping[tuple[int, int], float]) -> list[float]:
    """Return the point where the trial stood before, if this run went on from there."""
    value = ends.get((run.trial, run.from_epoch)) if run.from_epoch else None
    return [] if value is None else [float(run.from_epoch), value]
