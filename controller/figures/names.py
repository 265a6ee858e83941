"""Which figures there are, and what of them may be chosen. Known without plotly, which takes a second to import."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.experiment import Goal, goals_of
from podium.spec import ExperimentSpec


class FigureName(StrEnum):
    HISTORY = "history"
    CURVES = "learning-curves"
    PARALLEL = "parallel-coordinates"
    IMPORTANCE = "importance"
    SLICE = "slice"
    CONTOUR = "contour"
    FLOW = "rung-flow"
    CORRELATION = "rung-correlation"
    TIMELINE = "timeline"
    COST = "cost"
    PARETO = "pareto"
    NEXT = "next"


TITLES: Mapping[FigureName, str] = {
    FigureName.HISTORY: "Best so far",
    FigureName.CURVES: "Learning curves",
    FigureName.PARALLEL: "Every trial's parameters",
    FigureName.IMPORTANCE: "Which parameters matter",
    FigureName.SLICE: "Prediction along each parameter",
    FigureName.CONTOUR: "Prediction over two parameters",
    FigureName.FLOW: "What became of trials at each rung",
    FigureName.CORRELATION: "How well lower rungs foretell higher ones",
    FigureName.TIMELINE: "What ran when",
    FigureName.COST: "What was paid, by how runs ended",
    FigureName.PARETO: "Pareto front",
    FigureName.NEXT: "What would be tried next, and why",
}


class NoSuchView(ValueError):
    """An objective or a parameter that the experiment does not have; the message names those it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of a figure is looked at; what is left out is chosen by the figure."""

    objective: str | None = None
    """The metric that the model's figures show; the first objective's where it is None."""
    x: str | None = None
    y: str | None = None
    """The two parameters of the contour."""

    def goal(self, spec: ExperimentSpec) -> Goal:
        """Return the objective that is looked at. Raises NoSuchView."""
        goals = goals_of(spec)
        if self.objective is None:
            return goals[0]
        found = next((goal for goal in goals if goal.metric == self.objective), None)
        if found is None:
            raise NoSuchView(f"no objective {self.objective!r}; there are {', '.join(goal.metric for goal in goals)}")
        return found

    def check(self, spec: ExperimentSpec) -> None:
        """Raises NoSuchView for what the experiment does not have."""
        self.goal(spec)
        for name in (self.x, self.y):
            if name is not None and name not in spec.parameters:
                raise NoSuchView(f"no parameter {name!r}; there are {', '.join(spec.parameters)}")
        if self.x is not None and self.x == self.y:
            raise NoSuchView(f"`x` and `y` are both {self.x!r}; name two parameters")


WHOLE = View()
