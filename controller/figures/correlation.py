"""How well a rung foretells a higher one: the rank correlation of the trials that have a result at both."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from scipy.stats import rankdata

from controller.experiment import Rung
from controller.figures.canvas import axis, blank, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import BLUE, VERMILLION
from controller.figures.plain import plain
from controller.figures.record import Record
from controller.figures.study import NINETY_FIVE, Study

TITLE = TITLES[FigureName.CORRELATION]
FEWEST_PAIRS = 4


class Agreement(NamedTuple):
    """Spearman's rank correlation, with its 95% interval (Bonett and Wright 2000, eq. 3)."""

    rho: float
    low: float
    high: float
    pairs: int


def draw(study: Study) -> go.Figure:
    record = study.record
    rungs = record.ladder.rungs
    if len(rungs) < 2:
        return in_words(TITLE, "There is one rung: every run is a full training.")
    values = values_by_rung(record)
    found = {
        (low, high): agreement
        for low, lower in enumerate(rungs)
        for high, higher in enumerate(rungs)
        if low < high and (agreement := agreement_of(values[lower.epochs], values[higher.epochs])) is not None
    }
    if not found:
        most = max(len(values[a.epochs].keys() & values[b.epochs].keys()) for a, b in _pairs(rungs))
        why = f"No two rungs have results of {FEWEST_PAIRS} and more different trials in common: {most} at most."
        return in_words(TITLE, why)
    names = [plain(f"{rung.name} ({rung.epochs})") for rung in rungs]
    cells = [[found.get((low, high)) for low in range(len(rungs) - 1)] for high in range(1, len(rungs))]
    figure = blank(
        TITLE,
        "Spearman's rank correlation of trials with results at both rungs, with its 95% interval. Only what looked "
        "good was promoted: among all trials it would be higher.",
        height=60 + 70 * len(rungs),
        xaxis=axis("the result here", side="bottom", showgrid=False),
        yaxis=axis("foretells the one here", autorange="reversed", showgrid=False),
    )
    figure.add_trace(
        go.Heatmap(
            x=names[:-1],
            y=names[1:],
            z=[[cell and cell.rho for cell in row] for row in cells],
            text=[[_told(cell) for cell in row] for row in cells],
            texttemplate="%{text}",
            hoverinfo="skip",
            zmin=-1,
            zmax=1,
            colorscale=[[0.0, VERMILLION], [0.5, "#f7f7f7"], [1.0, BLUE]],
            showscale=False,  # the numbers stand in the cells
        )
    )
    return figure


def values_by_rung(record: Record) -> Mapping[int, dict[int, float]]:
    """Return the results at each rung, by its length and by trial; a run that was stopped on its way has none there."""
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for run in record.runs:
        if run.value is not None and run.reached_epoch == run.to_epoch:
            found[run.to_epoch][run.trial] = run.value
    return found


def agreement_of(lower: Mapping[int, float], higher: Mapping[int, float]) -> Agreement | None:
    """Return how two rungs' results agree over the trials that have both; None where too few do, or all are equal."""
    both = sorted(lower.keys() & higher.keys())
    if len(both) < FEWEST_PAIRS:
        return None
    left, right = rankdata([lower[each] for each in both]), rankdata([higher[each] for each in both])
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    rho = float(np.corrcoef(left, right)[0, 1])
    z = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    away = NINETY_FIVE * np.sqrt((1 + rho**2 / 2) / (len(both) - 3))
    return Agreement(rho, float(np.tanh(z - away)), float(np.tanh(z + away)), len(both))


def _pairs(rungs: tuple[Rung, ...]) -> list[tuple[Rung, Rung]]:
    return [(low, high) for place, low in enumerate(rungs) for high in rungs[place + 1 :]]


def _told(found: Agreement | None) -> str:
    if found is None:
        return ""
    return f"{found.rho:.2f}<br>{found.low:.2f} to {found.high:.2f}<br>{found.pairs:,} trials"
