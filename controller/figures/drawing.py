"""A figure by its name. The same record and view make the same figure."""

from collections.abc import Callable, Mapping

import plotly.graph_objects as go

from controller.figures import (
    contour,
    correlation,
    cost,
    curves,
    flow,
    history,
    importance,
    parallel,
    pareto,
    slices,
    suggestion,
    timeline,
)
from controller.figures.names import WHOLE, FigureName, View
from controller.figures.record import Record
from controller.figures.study import Study
from controller.optimizer.memory import Afresh, Learn

AFRESH = Afresh()
DRAWN_BY: Mapping[FigureName, Callable[[Study], go.Figure]] = {
    FigureName.HISTORY: history.draw,
    FigureName.CURVES: curves.draw,
    FigureName.PARALLEL: parallel.draw,
    FigureName.IMPORTANCE: importance.draw,
    FigureName.SLICE: slices.draw,
    FigureName.FLOW: flow.draw,
    FigureName.CORRELATION: correlation.draw,
    FigureName.TIMELINE: timeline.draw,
    FigureName.COST: cost.draw,
    FigureName.PARETO: pareto.draw,
    FigureName.NEXT: suggestion.draw,
}


def study_of(record: Record, view: View = WHOLE, learn: Learn = AFRESH) -> Study:
    """Return what several figures of one objective share. Raises NoSuchView."""
    view.check(record.spec)
    return Study(record=record, goal=view.goal(record.spec), learn=learn)


def draw(name: FigureName, study: Study, view: View = WHOLE) -> go.Figure:
    """Return a figure of an experiment. Raises NoSuchView.

    draw(FigureName.HISTORY, study_of(record)).show()
    """
    view.check(study.record.spec)
    if name is FigureName.CONTOUR:
        return contour.draw(study, view)
    return DRAWN_BY[name](study)
