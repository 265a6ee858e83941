"""Which parameters matter for the objective at full fidelity, by the model, and how sure that is."""

import numpy as np
import plotly.graph_objects as go

from controller.figures.canvas import axis, blank, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import BLUE, INK, ORANGE
from controller.figures.plain import plain
from controller.figures.sensitivity import DRAWS
from controller.figures.study import Study

TITLE = TITLES[FigureName.IMPORTANCE]
MOST_PARAMETERS = 20


def draw(study: Study) -> go.Figure:
    if (missing := study.too_little()) is not None:
        return in_words(TITLE, missing)
    order = study.most_important[:MOST_PARAMETERS]
    names = [plain(study.space.names[column], 24) for column in order]
    figure = blank(
        TITLE,
        f"Sobol indices of {plain(study.goal.metric)} at full fidelity, by the optimizer's Gaussian process in its own "
        f"warped units: median and middle 90% of {DRAWS} draws from its posterior, from {study.results:,} results. "
        "They say what matters over the whole space, not near the best.",
        barmode="group",
        height=20 + 46 * len(order),
        xaxis=axis("share of the prediction's variance", range=[0, 1.02]),
        yaxis=axis(type="category", categoryorder="array", categoryarray=names, autorange="reversed"),
    )
    indices = study.sensitivity
    for name, found, colour, pattern in (
        ("together with others (total index)", indices.total, BLUE, ""),
        ("alone (first-order index)", indices.first, ORANGE, "/"),
    ):
        low, middle, high = np.quantile(found[:, order], [0.05, 0.5, 0.95], axis=0)
        figure.add_trace(
            go.Bar(
                x=middle.tolist(),
                y=names,
                orientation="h",
                name=name,
                marker={
                    "color": colour,
                    "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.4},
                },
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": (high - middle).tolist(),
                    "arrayminus": (middle - low).tolist(),
                    "color": INK,
                },
                customdata=np.column_stack([low, high]).tolist(),
                hovertemplate="%{y}: %{x:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})<extra></extra>",
            )
        )
    return figure
