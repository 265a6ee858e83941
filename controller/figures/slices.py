"""The model's prediction at full fidelity along each parameter, the others as in the best trial."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from controller.figures.anchor import anchor_at_best
from controller.figures.canvas import in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.panels import MOST_PANELS, Panel, drawn, panel_of
from controller.figures.plain import plain
from controller.figures.study import Study

TITLE = TITLES[FigureName.SLICE]


def draw(study: Study) -> go.Figure:
    if (missing := study.too_little()) is not None:
        return in_words(TITLE, missing)
    anchor = anchor_at_best(study)
    panels = [panel_of(column, anchor, study) for column in columns_shown(study)]
    remark = (
        f"{plain(study.goal.metric)} at full fidelity, without noise, with the interval that holds it at 95%; the "
        f"other parameters are those of {anchor.name}. Points are full trainings, which differ in the others, too."
    )
    return drawn(TITLE, remark + _left_out(panels, study), panels, study)


def columns_shown(study: Study) -> Sequence[int]:
    """Return the parameters that get a panel: the most important, where there are too many."""
    if study.space.dimensions <= MOST_PANELS:
        return range(study.space.dimensions)
    return sorted(np.array(study.most_important)[:MOST_PANELS].tolist())


def _left_out(panels: Sequence[Panel], study: Study) -> str:
    total = study.space.dimensions
    return f" The {len(panels)} most important of {total} parameters." if len(panels) < total else ""
