"""What a trial measured, epoch by epoch: one small plotly figure for each metric. Pure: measurements in, JSON out."""

from collections.abc import Sequence
from typing import Any

from controller.figures.plain import plain
from controller.figures.window import spread_evenly
from podium.wire import Measurement, TrialDetail

Figure = dict[str, Any]  # Any: plotly's JSON
MOST_FIGURES = 12
MOST_POINTS = 500
"""Of a line, as wide as its picture; the API has every epoch."""


def curves_of(trial: TrialDetail, objective: str) -> dict[str, Figure]:
    """Return figures by the metrics' names, the objective's first; a line for each attempt that measured it."""
    reported = dict.fromkeys(name for each in trial.measurements for name in each.metrics)
    names = sorted(reported, key=lambda name: name != objective)[:MOST_FIGURES]
    return {name: _curve(name, trial.measurements) for name in names}


def _curve(metric: str, measurements: Sequence[Measurement]) -> Figure:
    attempts = dict.fromkeys(each.attempt for each in measurements)
    lines = [_line(metric, attempt, measurements) for attempt in attempts]
    shown = [line for line in lines if line["x"]]
    layout = {
        "xaxis": {"title": {"text": "epoch"}, "rangemode": "tozero"},
        "showlegend": len(shown) > 1,
    }
    return {"data": shown, "layout": layout}


def _line(metric: str, attempt: str, measurements: Sequence[Measurement]) -> Figure:
    measured = [
        (each.epoch, each.metrics[metric])
        for each in measurements
        if each.attempt == attempt and metric in each.metrics
    ]
    points = [measured[place] for place in spread_evenly(len(measured), MOST_POINTS)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plain(attempt),
        "x": [epoch for epoch, _ in points],
        "y": [value for _, value in points],
    }
