"""One figure of several experiments: the best so far of each, over what was paid and over time.

It is put together from their `history` figures, which are drawn once for all who look.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.figures.palette import DASHES, IN_TURN

TITLE = "Best so far, of all"
Figure = dict[str, Any]  # Any: plotly's JSON


def overlay_of(histories: Mapping[str, Figure]) -> Figure:
    """Return one figure of the lines of several history figures, by experiment; each has a colour and a dash."""
    shown = {each: figure for each, figure in histories.items() if any(_lines(figure, "best so far"))}
    missing = [each for each in histories if each not in shown]
    remarks = [f"No full training yet: {', '.join(missing)}."] if missing else []
    if any(_lines(figure, "baseline") for figure in shown.values()):
        remarks.append("Dotted in the same colour: the baselines.")
    remark = " ".join(remarks)
    if not shown:
        return {"data": [], "layout": {"title": {"text": TITLE, "subtitle": {"text": remark}}}}
    layout = dict(next(iter(shown.values()))["layout"])
    for axis in ("yaxis", "yaxis2"):  # each history shows a window of its own
        layout[axis] = {name: value for name, value in layout[axis].items() if name != "range"}
    title = layout["title"]
    layout["title"] = {**title, "text": TITLE, "subtitle": {**title["subtitle"], "text": remark}}
    data = [line for place, (each, figure) in enumerate(shown.items()) for line in _own(each, figure, place)]
    return {"data": data, "layout": layout}


def _own(experiment: str, figure: Figure, place: int) -> Iterator[Figure]:
    colour = IN_TURN[place % len(IN_TURN)]
    about = {"legendgroup": experiment, "name": experiment}
    for line in _lines(figure, "best so far"):
        look = {**line["line"], "color": colour, "dash": DASHES[place % len(DASHES)]}
        hover = f"{experiment}: %{{y:.4g}}<extra></extra>"
        point = {"color": colour, "size": 6}  # a search with one full training has no line yet
        yield {**line, **about, "mode": "lines+markers", "marker": point, "line": look, "hovertemplate": hover}
    for line in _lines(figure, "baseline"):
        yield {**line, **about, "showlegend": False, "line": {"color": colour, "width": 1, "dash": "dot"}}


def _lines(figure: Figure, name: str) -> Sequence[Figure]:
    return [trace for trace in figure["data"] if trace.get("name") == name and trace.get("mode") == "lines"]
