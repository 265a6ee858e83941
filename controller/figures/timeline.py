"""What ran when, a line for each slot: waits, pauses before a retry, preemptions and gaps are seen as such."""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import plotly.graph_objects as go

from controller.figures.canvas import axis, blank, counted, in_words
from controller.figures.names import TITLES, FigureName
from controller.figures.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from controller.figures.plain import plain
from controller.figures.record import AttemptSeen, Record, RunSeen
from controller.figures.study import Study
from podium.taxonomy import EndReason

TITLE = TITLES[FigureName.TIMELINE]
MOST_RUNS = 1_000
"""The latest: more of them would be thinner than a pixel."""
KINDS = {
    "waits to start": (GREY, "dot"),
    "pauses before a retry": (PURPLE, "dot"),
    "running": (ORANGE, "solid"),
    "reached its target": (GREEN, "solid"),
    "stopped": (SKY, "solid"),
    "preempted": (BLUE, "dash"),
    "failed": (VERMILLION, "dash"),
}
"""Each with its colour and its dash."""


class Span(NamedTuple):
    """A stretch of time on a slot."""

    kind: str
    start: datetime
    end: datetime
    text: str


def draw(study: Study) -> go.Figure:
    record = study.record
    if not record.runs:
        return in_words(TITLE, "Slots are filled by runs: none was started yet.")
    runs = sorted(record.runs, key=lambda run: (run.created_at, run.number))[-MOST_RUNS:]
    slots = slots_of(runs, record.now)
    attempts: dict[int, list[AttemptSeen]] = defaultdict(list)
    for attempt in record.attempts:
        attempts[attempt.run].append(attempt)
    spans = [(slots[run.number], span) for run in runs for span in spans_of(run, attempts[run.number], record.now)]
    count = max(slots.values()) + 1
    figure = blank(
        TITLE,
        _remark(record, count),
        height=min(60 + 24 * count, 800),
        xaxis=axis("UTC", type="date", tickangle=0, nticks=5),
        yaxis=axis("slot", range=[count + 0.6, 0.4], dtick=1 if count <= 20 else None, zeroline=False),
    )
    for kind, (colour, dash) in KINDS.items():
        chosen = [(slot, span) for slot, span in spans if span.kind == kind]
        if chosen:
            figure.add_trace(_bars(chosen, kind, {"color": colour, "dash": dash, "width": _width(kind, count)}))
    return figure


def slots_of(runs: Sequence[RunSeen], now: datetime) -> Mapping[int, int]:
    """Return on which slot each run is drawn: the first that is free when it is asked for.

    Runs stand in the order in which they were asked for. Slots have no identity of their own; any run may take any.
    """
    busy: list[tuple[datetime, int]] = []
    free: list[int] = []
    found: dict[int, int] = {}
    for run in runs:
        while busy and busy[0][0] <= run.created_at:
            heapq.heappush(free, heapq.heappop(busy)[1])
        slot = heapq.heappop(free) if free else len(busy)
        found[run.number] = slot
        heapq.heappush(busy, (run.ended_at or now, slot))
    return found


def spans_of(run: RunSeen, attempts: Sequence[AttemptSeen], now: datetime) -> list[Span]:
    """Return how a run spent its time on its slot. It leaves the slot when it ends, whatever its Job does then."""
    until, found = run.ended_at or now, []
    for attempt in attempts:
        told = f"trial {run.trial} to {plain(run.rung)}, attempt {attempt.number}"
        begin = min(max(attempt.created_at, attempt.not_before), until)
        has_begun = attempt.started_at or attempt.heard_at or attempt.ended_at
        end = min(attempt.ended_at or until, until)
        start = min(max(attempt.started_at or begin, begin), end) if has_begun else end
        if attempt.created_at < begin:
            found.append(Span("pauses before a retry", attempt.created_at, begin, f"{told} is due after a pause"))
        if begin < start:
            why = plain(attempt.waiting) if attempt.waiting else "waits to start"
            found.append(Span("waits to start", begin, start, f"{told}: {why}"))
        if has_begun and start < end:
            node = f" on {plain(attempt.node)}" if attempt.node else ""
            ending = attempt.end_reason or (run.end_reason if attempt is attempts[-1] else None)
            how = "is running" if ending is None else f"ended: {ending}"
            found.append(Span(_kind(ending), start, end, f"{told}{node} {how}"))
    return found


def _kind(ending: EndReason | None) -> str:
    match ending:
        case None:
            return "running"
        case EndReason.SUCCEEDED:
            return "reached its target"
        case EndReason.STOPPED:
            return "stopped"
        case EndReason.PREEMPTED:
            return "preempted"
        case _:
            return "failed"


def _remark(record: Record, slots: int) -> str:
    told = f"{counted(len(record.runs), 'run')} on {counted(slots, 'slot')}; an empty stretch is a slot that was free"
    if len(record.runs) > MOST_RUNS:
        told = f"The latest {MOST_RUNS:,} of {told}"
    return told + "."


def _bars(spans: Sequence[tuple[int, Span]], kind: str, line: object) -> go.Scatter:
    """Return spans as one path, which a browser draws much faster than as many bars."""
    x: list[str | None] = []
    y: list[int | None] = []
    text: list[str] = []
    for slot, span in spans:
        x += [span.start.isoformat(), span.end.isoformat(), None]
        y += [slot + 1, slot + 1, None]
        text += [span.text, span.text, ""]
    return go.Scatter(x=x, y=y, text=text, hoverinfo="text", mode="lines", line=line, name=kind)


def _width(kind: str, slots: int) -> float:
    widest = max(3.0, min(14.0, 400.0 / slots))
    return widest / 3 if KINDS[kind][1] == "dot" else widest
