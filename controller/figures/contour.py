"""The model's prediction over two parameters, and how far it may be off; the others are as in the best trial."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from controller.axes import axis_of
from controller.figures.anchor import Anchor, anchor_at_best, turned_on
from controller.figures.canvas import BELOW_PIXELS, blank, in_words
from controller.figures.names import TITLES, FigureName, View
from controller.figures.palette import GRADED, INK, VERMILLION
from controller.figures.plain import number, plain
from controller.figures.scale import levels, parameter_axis, places
from controller.figures.study import Study
from controller.figures.window import spread_evenly
from podium.parameters import CategoricalParameter

Floats = NDArray[np.float64]

TITLE = TITLES[FigureName.CONTOUR]
MOST_LEVELS = 32
"""Along each side."""
MOST_POINTS = 300
HEIGHT = 320


def draw(study: Study, view: View) -> go.Figure:
    if study.space.dimensions < 2:
        return in_words(TITLE, "There is one parameter: the slice shows all that there is.")
    if (missing := study.too_little()) is not None:
        return in_words(TITLE, missing)
    columns, anchor = columns_of(study, view), anchor_at_best(study)
    names = [study.space.names[column] for column in columns]
    parameters = [study.record.spec.parameters[name] for name in names]
    at = [levels(parameter, MOST_LEVELS) for parameter in parameters]
    middle, away = _surfaces(columns, at, anchor, study)
    x, y = (places(parameter, axis_of(parameter).decode(each)) for parameter, each in zip(parameters, at, strict=True))
    is_graded = not any(isinstance(parameter, CategoricalParameter) for parameter in parameters)
    figure = blank(
        TITLE,
        f"Left: {plain(study.goal.metric)} at full fidelity; right: half of the interval that holds it at 95%. The "
        f"other parameters are those of {anchor.name}. Points are full trainings, which differ in the others, too.",
        height=HEIGHT,
        showlegend=False,
    )
    for suffix, left, surface, told in (("", 0.0, middle, "prediction"), ("2", 0.54, away, "\u00b1 at 95%")):
        domain = [left, left + 0.46]
        drawn = {
            "x": x.tolist(),
            "y": y.tolist(),
            "z": _cells(surface),
            "colorscale": GRADED,
            "colorbar": _bar(left, told),
        }
        graded = {"contours": {"coloring": "heatmap"}, "line": {"width": 0.5}}
        trace = go.Contour(**drawn, **graded) if is_graded else go.Heatmap(**drawn)
        figure.add_trace(trace.update(xaxis=f"x{suffix}", yaxis=f"y{suffix}", hovertemplate="%{z:.4g}<extra></extra>"))
        figure.add_trace(_points(names, study).update(xaxis=f"x{suffix}", yaxis=f"y{suffix}"))
        figure.update_layout(
            {
                f"xaxis{suffix}": parameter_axis(plain(names[0]), parameters[0], domain=domain, anchor=f"y{suffix}"),
                f"yaxis{suffix}": parameter_axis(
                    plain(names[1]) if left == 0.0 else "",
                    parameters[1],
                    anchor=f"x{suffix}",
                    showticklabels=left == 0.0,
                ),
            }
        )
    return figure


def columns_of(study: Study, view: View) -> list[int]:
    """Return the two parameters: those asked for, and where none is, the most important."""
    asked = [study.space.names.index(name) for name in (view.x, view.y) if name is not None]
    if len(asked) == 2:
        return asked
    others = [column for column in study.most_important if column not in asked]
    if not asked:
        return others[:2]
    return [others[0], *asked] if view.x is None else [*asked, others[0]]


def _surfaces(columns: list[int], at: list[Floats], anchor: Anchor, study: Study) -> tuple[Floats, Floats]:
    """Return the prediction and half the width of its interval, NaN where constraints forbid it.  # (y, x) each"""
    units = anchor.units
    for column in columns:
        units = turned_on(column, units, study)
    right, up = np.meshgrid(*at)
    rows = np.repeat(units[None], right.size, axis=0)
    rows[:, columns[0]], rows[:, columns[1]] = right.ravel(), up.ravel()
    snapped = study.space.snap(rows)
    allowed = study.space.is_allowed(snapped)
    found = np.full((2, right.size), np.nan)
    if allowed.any():
        middle, low, high = study.predicted(snapped[allowed])
        found[:, allowed] = middle, (high - low) / 2
    return found[0].reshape(right.shape), found[1].reshape(right.shape)


def _cells(surface: Floats) -> list[list[float | None]]:
    return [[value if np.isfinite(value) else None for value in row] for row in surface.tolist()]


def _bar(left: float, title: str) -> dict[str, object]:
    return {
        "title": {"text": title, "side": "bottom"},
        "orientation": "h",
        "x": left,
        "xanchor": "left",
        "y": -BELOW_PIXELS / HEIGHT,
        "yanchor": "top",
        "len": 0.46,
        "thickness": 12,
        "outlinewidth": 0,
        "tickcolor": INK,
    }


def _points(names: list[str], study: Study) -> go.Scatter:
    parameters = study.record.spec.parameters
    having = [found for found in study.full_results if all(name in found[0].configuration for name in names)]
    kept = [having[place] for place in spread_evenly(len(having), MOST_POINTS)]
    x, y = (places(parameters[name], [trial.configuration[name] for trial, _ in kept]) for name in names)
    return go.Scatter(
        x=x.tolist(),
        y=y.tolist(),
        text=[f"trial {trial.number}: {number(value)}" for trial, value in kept],
        hoverinfo="text",
        mode="markers",
        marker={"size": 6, "color": VERMILLION, "line": {"color": "#ffffff", "width": 1}},
    )
