"""What was paid for, by how runs ended and at which rung."""

from collections import defaultdict

import plotly.graph_objects as go

from controller.figures.canvas import axis, blank, counted, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import IN_TURN
from controller.figures.plain import plain
from controller.figures.record import Record, RunSeen
from controller.figures.study import Study

TITLE = TITLES[FigureName.COST]
PATTERNS = ("", "/", ".", "x", "-", "+")


def draw(study: Study) -> go.Figure:
    record = study.record
    if not record.runs:
        return in_words(TITLE, "Runs are what is paid for: none was started yet.")
    groups: dict[tuple[str, str], list[RunSeen]] = defaultdict(list)
    for run in record.runs:
        groups[str(run.end_reason or "running"), run.rung].append(run)
    paid: dict[str, float] = defaultdict(float)
    for (ending, _), runs in groups.items():
        paid[ending] += sum(record.charged(run) for run in runs)
    endings = sorted(paid, key=lambda ending: -paid[ending])
    figure = blank(
        TITLE,
        f"{sum(paid.values()):.4g} full trainings in all; a run in flight counts with what it was started for, "
        "a failed one with an epoch at least.",
        barmode="stack",
        height=40 + 40 * len(endings),
        xaxis=axis("full trainings"),
        yaxis=axis(type="category", categoryorder="array", categoryarray=endings, autorange="reversed"),
    )
    for place, rung in enumerate(_rungs(record)):
        chosen = [groups[ending, rung] for ending in endings]
        figure.add_trace(
            go.Bar(
                x=[sum(record.charged(run) for run in runs) for runs in chosen],
                y=endings,
                orientation="h",
                name=plain(rung),
                text=[_hours(runs) for runs in chosen],
                textposition="none",
                marker={
                    "color": IN_TURN[place % len(IN_TURN)],
                    "pattern": {
                        "shape": PATTERNS[place % len(PATTERNS)],
                        "fillmode": "overlay",
                        "fgcolor": "#ffffff",
                        "fgopacity": 0.4,
                    },
                },
                hovertemplate="%{y}: %{x:.4g} full trainings, %{text}<extra></extra>",
            )
        )
    return figure


def _rungs(record: Record) -> list[str]:
    return list(dict.fromkeys(run.rung for run in sorted(record.runs, key=lambda run: run.to_epoch)))


def _hours(runs: list[RunSeen]) -> str:
    return f"{counted(len(runs), 'run')}, {sum(run.seconds for run in runs) / 3600:.3g} hours"
