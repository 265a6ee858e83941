"""Small figures side by side, one for each parameter: a prediction along it, and what was tried."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from controller.axes import axis_of
from controller.figures.anchor import Anchor
from controller.figures.canvas import axis, blank
from controller.figures.palette import BLUE, GREY, VERMILLION, shade
from controller.figures.plain import plain
from controller.figures.scale import levels, parameter_axis, places, shown
from controller.figures.study import Study
from controller.figures.window import spread_evenly, window_of
from podium.parameters import CategoricalParameter, Configuration, Parameter

Floats = NDArray[np.float64]

MOST_PANELS = 12
MOST_POINTS = 200
"""Of full trainings, in each panel."""
COLUMNS = 3
ROW_PIXELS, GAP_PIXELS = 150, 85
ACROSS = 0.05
"""Between columns, as a share of the width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The prediction along one parameter."""

    name: str
    parameter: Parameter
    x: Floats  # (n,), on the parameter's axis
    middle: Floats  # (n,)
    low: Floats  # (n,)
    high: Floats  # (n,)


def panel_of(column: int, anchor: Anchor, study: Study) -> Panel:
    """Return the prediction through an anchor along a parameter, where constraints allow it."""
    name = study.space.names[column]
    parameter = study.record.spec.parameters[name]
    at, rows = anchor.along(column, levels(parameter), study)
    middle, low, high = study.predicted(rows) if len(rows) else (np.empty(0),) * 3
    x = places(parameter, axis_of(parameter).decode(at))
    return Panel(name=name, parameter=parameter, x=x, middle=middle, low=low, high=high)


def drawn(
    title: str, remark: str, panels: Sequence[Panel], study: Study, *, marked: Configuration | None = None
) -> go.Figure:
    """Return panels side by side with one range of values; `marked` is shown as a line in each."""
    rows = math.ceil(len(panels) / COLUMNS)
    height = (ROW_PIXELS + GAP_PIXELS) * rows - GAP_PIXELS
    figure = blank(title, remark, height=height)
    tried = _tried(study)
    values = [each for panel in panels for each in (panel.low, panel.high)]
    window = window_of(np.concatenate([*values, [value for _, value in tried]]))
    for place, panel in enumerate(panels):
        suffix = "" if place == 0 else f"{place + 1}"
        for trace in [_points(panel, tried), *_band(panel), *_mark(panel, marked, values)]:
            figure.add_trace(trace.update(xaxis=f"x{suffix}", yaxis=f"y{suffix}", showlegend=place == 0))
        row, column = divmod(place, COLUMNS)
        across, down = _part(column, COLUMNS, ACROSS), _part(rows - 1 - row, rows, GAP_PIXELS / height)
        title = plain(panel.name, 24)
        if marked is not None:
            title += f"<br>= {plain(shown(marked[panel.name]), 12)}" if panel.name in marked else "<br>off"
        name = plain(study.goal.metric, 24) if column == 0 else ""
        figure.update_layout(
            {
                f"xaxis{suffix}": parameter_axis(title, panel.parameter, domain=across, anchor=f"y{suffix}", nticks=4),
                f"yaxis{suffix}": axis(
                    name,
                    domain=down,
                    anchor=f"x{suffix}",
                    range=window if place == 0 else None,
                    matches=None if place == 0 else "y",
                    showticklabels=column == 0,
                ),
            }
        )
    return figure


def _part(place: int, count: int, gap: float) -> list[float]:
    """Return the stretch of the unit interval that one of so many takes, with a gap between each two."""
    size = (1 - gap * (count - 1)) / count
    return [place * (size + gap), place * (size + gap) + size]


def _tried(study: Study) -> list[tuple[Configuration, float]]:
    """Return full trainings with their values of the objective."""
    found = [(trial.configuration, value) for trial, value in study.full_results]
    return [found[place] for place in spread_evenly(len(found), MOST_POINTS)]


def _points(panel: Panel, tried: Sequence[tuple[Configuration, float]]) -> go.Scatter:
    having = [(each[panel.name], value) for each, value in tried if panel.name in each]
    return go.Scatter(
        x=places(panel.parameter, [value for value, _ in having]).tolist(),
        y=[value for _, value in having],
        mode="markers",
        marker={"size": 4, "color": GREY, "opacity": 0.7},
        name="full trainings",
        legendgroup="full trainings",
        hovertemplate="%{y:.4g}<extra></extra>",
    )


def _band(panel: Panel) -> list[go.Scatter]:
    """Return the prediction with its interval: a band, or bars where values are choices."""
    told = {"name": "prediction", "legendgroup": "prediction", "hovertemplate": "%{y:.4g}<extra></extra>"}
    if isinstance(panel.parameter, CategoricalParameter):
        bars = {"type": "data", "symmetric": False, "color": BLUE, "thickness": 1.5}
        bars |= {"array": (panel.high - panel.middle).tolist(), "arrayminus": (panel.middle - panel.low).tolist()}
        marker = {"color": BLUE, "size": 8}
        line = {"x": panel.x.tolist(), "y": panel.middle.tolist(), "mode": "markers"}
        return [go.Scatter(**line, marker=marker, error_y=bars, **told)]
    around = go.Scatter(
        x=[*panel.x.tolist(), *panel.x[::-1].tolist()],
        y=[*panel.high.tolist(), *panel.low[::-1].tolist()],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=shade(BLUE, 0.25),
        name="95% interval",
        legendgroup="95% interval",
        hoverinfo="skip",
    )
    line = {"color": BLUE, "width": 2}
    return [around, go.Scatter(x=panel.x.tolist(), y=panel.middle.tolist(), mode="lines", line=line, **told)]


def _mark(panel: Panel, marked: Configuration | None, values: Sequence[Floats]) -> list[go.Scatter]:
    if marked is None or panel.name not in marked or not sum(map(len, values)):
        return []
    [x] = places(panel.parameter, [marked[panel.name]]).tolist()
    return [
        go.Scatter(
            x=[x, x],
            y=[min(each.min() for each in values if len(each)), max(each.max() for each in values if len(each))],
            mode="lines",
            line={"color": VERMILLION, "width": 2, "dash": "dash"},
            name="to be tried",
            legendgroup="to be tried",
            hovertemplate="to be tried<extra></extra>",
        )
    ]
