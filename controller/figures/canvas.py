"""The paper that all figures are drawn on: transparent, so that it is as light or as dark as the page around it."""

from collections.abc import Mapping
from html import unescape
from typing import Any

import plotly.graph_objects as go

from controller.figures.palette import CLEAR, GREY, GRID, IN_TURN, INK

Axis = Mapping[str, Any]  # Any: what plotly takes

WIDEST_LINE, WIDEST_WORDS = 50, 38
"""Characters of a remark, and of a sentence in place of a figure: plotly breaks no lines, and a phone is as wide."""
ABOVE_PIXELS, LINE_PIXELS, BELOW_PIXELS = 50, 18, 60
"""Room for the title, for each line of the remark, and for an axis' title with what stands below it."""


def blank(title: str, remark: str = "", *, height: int = 420, **layout: object) -> go.Figure:
    """Return an empty figure; `remark` stands below the title and says what a reader must know.

    Both are Podium's own words: what a user typed passes through `plain` first. `height` is that of the plot itself, in
    pixels.
    """
    wrapped = lines_of(remark, WIDEST_LINE)
    above = ABOVE_PIXELS + LINE_PIXELS * len(wrapped)
    figure = go.Figure(
        layout={
            "template": {},
            "title": {
                "text": title,
                "subtitle": {"text": "<br>".join(wrapped)},
                "x": 0.01,
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
    figure = blank(title, xaxis=hidden, yaxis=hidden, height=110, margin={"l": 10, "r": 10, "b": 10})
    figure.add_annotation(
        text="<br>".join(lines_of(sentence, WIDEST_WORDS)),
        x=0.5,
        y=0.5,
        showarrow=False,
        font={"size": 15},
    )
    return figure


def lines_of(text: str, widest: int) -> list[str]:
    """Return a text that passed through `plain` in lines; an entity counts as the character that it stands for."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and len(unescape(longer)) > widest:
            lines.append(word)
        else:
            lines[-1:] = [longer]
    return lines


def counted(count: int, what: str) -> str:
    """Return "1 trial" or "3 trials"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
