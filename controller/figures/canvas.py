"""The paper that all figures are drawn on: transparent, so that it is as light or as dark as the page around it."""

import textwrap
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from controller.figures.palette import CLEAR, GREY, GRID, IN_TURN, INK

Axis = Mapping[str, Any]  # Any: what plotly takes

WIDEST_LINE = 60
"""Characters of a sentence that stands in place of a figure; a phone is as wide."""
ABOVE_PIXELS, LINE_PIXELS, BELOW_PIXELS = 50, 18, 60
"""Room for the title, for each line of the remark, and for an axis' title with what stands below it."""


def blank(title: str, remark: str = "", *, height: int = 420, **layout: object) -> go.Figure:
    """Return an empty figure; `remark` stands below the title and says what a reader must know.

    Both are Podium's own words: what a user typed passes through `plain` first. `height` is that of the plot itself, in
    pixels.
    """
    wrapped = textwrap.wrap(remark, WIDEST_LINE + 20, break_long_words=False)
    above = ABOVE_PIXELS + LINE_PIXELS * len(wrapped)
    figure = go.Figure(
        layout={
            "template": {},
            "title": {
                "text": title,
                "subtitle": {"text": "<br>".join(wrapped)},
                "x": 0,
                "xref": "paper",
                "y": 0.99,
                "yanchor": "top",
            },
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "font": {"color": INK, "family": "system-ui, sans-serif", "size": 13},
            "colorway": list(IN_TURN),
            "hovermode": "closest",
            "hoverlabel": {"bgcolor": "#222222", "bordercolor": INK, "font": {"color": "#ffffff"}, "align": "left"},
            # below, where it may take as many rows as a narrow page makes it, and shrinks the plot by them
            "legend": {"orientation": "h", "yanchor": "top", "y": -BELOW_PIXELS / height, "x": 0},
            "modebar": {"orientation": "v", "bgcolor": CLEAR, "color": GREY, "activecolor": INK},
            "margin": {"l": 60, "r": 45, "t": above, "b": BELOW_PIXELS},
            "height": height + above + 2 * BELOW_PIXELS,
        }
    )
    if layout:
        figure.update_layout(layout)
    return figure


def axis(title: str = "", **more: object) -> Axis:
    """Return an axis in the common look."""
    return {
        "title": {"text": title, "standoff": 8},
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "linecolor": INK,
        "tickcolor": INK,
        "automargin": True,
        **more,
    }


def in_words(title: str, sentence: str) -> go.Figure:
    """Return a figure that says why there is nothing to draw, and when there will be."""
    hidden = {"visible": False, "range": [0, 1], "fixedrange": True}
    figure = blank(title, xaxis=hidden, yaxis=hidden, height=80, margin={"l": 10, "r": 10, "b": 10})
    figure.add_annotation(
        text="<br>".join(textwrap.wrap(sentence, WIDEST_LINE, break_long_words=False)),
        x=0.5,
        y=0.5,
        showarrow=False,
        font={"size": 15},
    )
    return figure


def counted(count: int, what: str) -> str:
    """Return "1 trial" or "3 trials"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
