"""Every trial as a line over its parameters, ending at its objectives; what is best lies on top.

Lines of plain paths, not plotly's parcoords: that one has no place for a parameter that is off, and needs WebGL.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from controller.figures.canvas import axis, blank, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import BLUE, GREY, INK, ORANGE, PURPLE, SKY, VERMILLION, shade
from controller.figures.plain import number, plain
from controller.figures.record import Record, TrialSeen
from controller.figures.scale import shown, unit_ticks
from controller.figures.study import Study
from controller.figures.window import spread_evenly, window_of
from controller.space import Space
from podium.parameters import Value
from podium.taxonomy import TrialState

Floats = NDArray[np.float64]
TITLE = TITLES[FigureName.PARALLEL]
MOST_TRIALS, MOST_POINTS = 500, 10_000
"""Lines, and what they have together: with 50 parameters there are fewer lines."""
NOTHING = -0.15
"""Where a parameter stands that a trial does not have, and the objective of one without a result."""
KINDS = {
    "failed": (PURPLE, "dot", 0.5, 1.0),
    "no full training": (GREY, "solid", 0.3, 1.0),
    "full training": (SKY, "solid", 0.5, 1.0),
    "best half": (BLUE, "solid", 0.6, 1.2),
    "best tenth": (ORANGE, "solid", 0.9, 1.8),
    "best": (VERMILLION, "solid", 1.0, 4.0),
    "baseline": (INK, "dash", 1.0, 3.0),
}
"""Each with its colour, dash, opacity and width, from the bottom to the top."""


def draw(study: Study) -> go.Figure:
    record = study.record
    if not record.trials:
        return in_words(TITLE, "Each trial is a line: there is none yet.")
    trials = shown_trials(record)
    names = [*record.spec.parameters, *(goal.metric for goal in record.goals)]
    objectives = np.array([[_full(record, trial, goal.metric) for goal in record.goals] for trial in trials])
    windows = [_window(objectives[:, column]) for column in range(objectives.shape[1])]
    heights = np.column_stack([_parameters(study.space, trials), _scaled(objectives, windows)])
    figure = blank(
        TITLE,
        _remark(record, len(trials)),
        height=340,
        xaxis=axis(
            tickvals=list(range(len(names))),
            ticktext=[plain(name, 24) for name in names],
            range=[-0.2, len(names) - 0.6],
            zeroline=False,
            side="bottom",
        ),
        legend={"y": -0.35},  # names of parameters may be turned, and reach further down
        yaxis={"visible": False, "range": [NOTHING - 0.05, 1.05]},
    )
    kinds = _kinds(record)
    for kind, (colour, dash, opacity, width) in KINDS.items():
        rows = [row for row, trial in enumerate(trials) if kinds[trial.number] == kind]
        if rows:
            line = {"color": shade(colour, opacity), "dash": dash, "width": width}
            figure.add_trace(_lines(record, [trials[row] for row in rows], heights[rows], kind).update(line=line))
    return figure.update_layout(_ticks(record, windows))


def shown_trials(record: Record) -> list[TrialSeen]:
    """Return the trials that get a line: half of the room is for the best, the rest is spread over all others."""
    axes = len(record.spec.parameters) + len(record.goals)
    most = min(MOST_TRIALS, MOST_POINTS // axes)
    first = {trial.number for trial in record.completed[: most // 2]}
    first |= {record.baseline.number} if record.baseline else set()
    rest = [trial for trial in record.trials if trial.number not in first]
    kept = {rest[place].number for place in spread_evenly(len(rest), most - len(first))}
    return [trial for trial in record.trials if trial.number in first or trial.number in kept]


def _kinds(record: Record) -> Mapping[int, str]:
    """Return what each trial is drawn as, by its number."""
    found = {
        trial.number: "failed" if trial.state is TrialState.FAILED else "no full training" for trial in record.trials
    }
    counting = [trial for trial in record.completed if trial.meets_thresholds]
    found |= {trial.number: "full training" for trial in record.completed}
    found |= {trial.number: "best half" for trial in counting[: (len(counting) + 1) // 2]}
    found |= {trial.number: "best tenth" for trial in counting[: (len(counting) + 9) // 10]}
    found |= {record.best.number: "best"} if record.best else {}
    found |= {record.baseline.number: "baseline"} if record.baseline else {}
    return found


def _parameters(space: Space, trials: Sequence[TrialSeen]) -> Floats:
    """Return the heights of the trials' values; a parameter that is off has its own place.  # (trials, dimensions)"""
    units = space.encode([trial.configuration for trial in trials])
    has = np.array([[name in trial.configuration for name in space.names] for trial in trials])
    return np.where(has, units, NOTHING)


def _full(record: Record, trial: TrialSeen, metric: str) -> float:
    """Return what a trial reached at full fidelity, NaN where it was not trained so far."""
    value = record.reported(trial, metric) if trial.state is TrialState.COMPLETED else None
    return np.nan if value is None else value


def _window(values: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = window_of(finite) or (float(finite.min()), float(finite.max()))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _scaled(values: Floats, windows: Sequence[tuple[float, float]]) -> Floats:
    low, high = np.array(windows).T
    heights = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.where(np.isfinite(heights), heights, NOTHING)


def _lines(record: Record, trials: Sequence[TrialSeen], heights: Floats, kind: str) -> go.Scatter:
    """Return many trials as one trace, with a gap behind each."""
    x: list[float | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for trial, row in zip(trials, heights, strict=True):
        x += [*range(len(row)), None]
        y += [*row.tolist(), None]
        text += [*_told(record, trial), ""]
    return go.Scatter(x=x, y=y, text=text, hoverinfo="text", mode="lines", name=kind)


def _told(record: Record, trial: TrialSeen) -> list[str]:
    """Return what is said of a trial at each axis."""
    values: list[tuple[str, Value | None]] = [
        *((name, trial.configuration.get(name)) for name in record.spec.parameters),
        *((goal.metric, record.reported(trial, goal.metric)) for goal in record.goals),
    ]
    where = "" if trial.state is TrialState.COMPLETED else f" at {trial.reached_epoch}"
    told = ((name, "none" if value is None else plain(shown(value), 24)) for name, value in values)
    return [f"trial {trial.number}{where}: {plain(name, 24)} {value}" for name, value in told]


def _ticks(record: Record, windows: Sequence[tuple[float, float]]) -> Mapping[str, object]:
    """Return values beside a line for each axis: every one has its own scale, which plotly's one axis cannot have."""
    parameters = [unit_ticks(parameter) for parameter in record.spec.parameters.values()]
    objectives = [[(place, number(low + place * (high - low))) for place in (0.0, 0.5, 1.0)] for low, high in windows]
    axes = list(enumerate([*parameters, *objectives]))
    line = {"type": "line", "y0": 0, "y1": 1, "line": {"color": INK, "width": 1}, "layer": "below"}
    beside = {"showarrow": False, "xanchor": "left", "xshift": 3, "font": {"size": 11}}
    return {
        "shapes": [{**line, "x0": column, "x1": column} for column, _ in axes],
        "annotations": [
            {**beside, "x": column, "y": height, "text": text}
            for column, ticks in axes
            for height, text in [*ticks, (NOTHING, "none")]
        ],
    }


def _remark(record: Record, count: int) -> str:
    told = f"{count:,} of {len(record.trials):,} trials; " if count < len(record.trials) else ""
    how = ", ".join(f"{'largest' if goal.maximize else 'smallest'} {plain(goal.metric)}" for goal in record.goals)
    return f"{told}best is {how}; `none` stands for a parameter that is off, and for a trial without a full training."
