"""What became of the trials at each rung: how many were tried there, and how each left it."""

from collections import Counter, defaultdict

import plotly.graph_objects as go

from controller.figures.canvas import axis, blank, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import BLUE, GREEN, GREY, ORANGE, SKY, VERMILLION
from controller.figures.plain import plain
from controller.figures.record import Record, RunSeen
from controller.figures.study import Study
from podium.taxonomy import EndReason, RunState

TITLE = TITLES[FigureName.FLOW]
FATES = {
    "promoted": (GREEN, ""),
    "trained in full": (BLUE, ""),
    "paused": (SKY, "."),
    "running": (ORANGE, "/"),
    "stopped": (GREY, "-"),
    "failed": (VERMILLION, "x"),
}
"""Each with its colour and its pattern."""


def draw(study: Study) -> go.Figure:
    record = study.record
    if not record.runs:
        return in_words(TITLE, "Rungs are filled by runs: none was started yet.")
    fates = fates_of(record)
    rungs = [rung for rung in record.ladder.rungs if rung.epochs in fates]
    names = [plain(f"{rung.name} ({rung.epochs})") for rung in rungs]
    tried = [sum(fates[rung.epochs].values()) for rung in rungs]
    figure = blank(
        TITLE,
        "; ".join(f"{name}: {count:,} tried" for name, count in zip(names, tried, strict=True)) + ".",
        barmode="stack",
        height=60 * len(rungs),
        xaxis=axis("trials"),
        yaxis=axis(type="category", categoryorder="array", categoryarray=names, autorange="reversed"),
    )
    for fate, (colour, pattern) in FATES.items():
        counts = [fates[rung.epochs][fate] for rung in rungs]
        if any(counts):
            figure.add_trace(
                go.Bar(
                    x=counts,
                    y=names,
                    orientation="h",
                    name=fate,
                    text=[f"{count:,}" if count else "" for count in counts],
                    textposition="inside",
                    insidetextanchor="middle",
                    marker={
                        "color": colour,
                        "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.3},
                    },
                    hovertemplate="%{y}: %{x} " + fate + "<extra></extra>",
                )
            )
    return figure


def fates_of(record: Record) -> dict[int, Counter[str]]:
    """Return how trials left each rung, by its length: each trial counts once at every rung that it was tried at."""
    runs: dict[int, dict[int, RunSeen]] = defaultdict(dict)
    for run in record.runs:
        runs[run.trial][run.to_epoch] = run
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for by_length in runs.values():
        highest = max(by_length)
        for epochs, run in by_length.items():
            found[epochs]["promoted" if epochs < highest else _fate(run, record)] += 1
    return found


def _fate(run: RunSeen, record: Record) -> str:
    """Return how a trial left the highest rung that it was tried at."""
    if run.state is RunState.RUNNING:
        return "running"
    match run.end_reason:
        case EndReason.SUCCEEDED:
            return "trained in full" if run.to_epoch == record.ladder.full_epochs else "paused"
        case EndReason.STOPPED:
            return "stopped"
        case _:
            return "failed"
