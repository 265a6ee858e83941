"""Several experiments side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from controller import report, store
from controller.album import MOST_RECORDS
from controller.api.collaborators import Now, Transaction
from controller.dashboard import rendering, words
from controller.dashboard.catalogue import Seen
from controller.dashboard.rendering import Live
from podium.cli.phrases import MISSING, number, setting
from podium.parameters import Configuration
from podium.wire import Experiment

MOST = MOST_RECORDS
"""Experiments beside one another: as many as have their records kept, or each figure would read its own anew."""
router = APIRouter()
Ids = Annotated[list[str] | None, Query(alias="id", max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    name: str
    cells: Sequence[str]


@router.get("/compare")
def show(request: Request, session: Transaction, now: Now, ids: Ids = None) -> Response:
    marked = list(dict.fromkeys(ids or ()))
    chosen = marked[:MOST]
    objectives = [store.experiment(session, each).spec["objective"] for each in chosen]
    values = {
        "chosen": chosen,
        "most": MOST,
        "left_out": len(marked) - len(chosen),
        "has_one_objective": all(each == objectives[0] for each in objectives),
        "now": _now(session, chosen, now).html,
    }
    return rendering.page(request, "compare.html", values)


@router.get("/parts/compare")
def show_now(session: Transaction, now: Now, ids: Ids = None, seen: Seen = None) -> Response:
    return _now(session, list(dict.fromkeys(ids or ()))[:MOST], now).since(seen)


def _now(session: Transaction, chosen: Sequence[str], now: Now) -> Live:
    rows = [store.experiment(session, each) for each in chosen]
    told = report.experiments(session, rows, now)
    experiments = [told[each] for each in chosen]
    best = [_best(session, each) for each in experiments]
    names = list(dict.fromkeys(name for each in experiments for name in each.spec.parameters))
    parameters = [
        Line(name=name, cells=[setting(each[name]) if name in each else MISSING for each in best]) for name in names
    ]
    values = {
        "experiments": experiments,
        "lines": [Line(name=name, cells=[told(each, now) for each in experiments]) for name, told in LINES.items()],
        "parameters": parameters,
    }
    query = "&".join(f"id={each}" for each in chosen)
    return rendering.live("compare_now.html", values, name="now", url=f"/parts/compare?{query}")


LINES: dict[str, Callable[[Experiment, Now], str]] = {
    "metric": lambda each, now: f"{each.spec.objective.metric}, {each.spec.objective.direction}d",
    "best": lambda each, now: number(each.progress.best_value),
    "baseline": lambda each, now: number(each.progress.baseline_value),
    "gain": lambda each, now: words.gain(each) or MISSING,
    "trials": lambda each, now: str(sum(each.progress.trials.values())),
    "runs": lambda each, now: str(each.progress.runs_started),
    "cost, full trainings": lambda each, now: words.cost(each),
    "hours trained": lambda each, now: f"{each.progress.training_hours:.2f}",
    "accelerator hours": lambda each, now: number(each.progress.accelerator_hours or None),
    "money": lambda each, now: words.money(each.progress),
    "wall time": words.time_taken,
    "parallelism": lambda each, now: str(each.spec.parallelism),
}


def _best(session: Transaction, experiment: Experiment) -> Configuration:
    if experiment.progress.best_trial is None:
        return {}
    return store.trial(session, experiment.id, experiment.progress.best_trial).configuration
