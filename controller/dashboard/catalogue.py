"""The page of all experiments, the newest first, with a search."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from controller import report, store
from controller.api.collaborators import Now, Transaction
from controller.api.pages import CursorText, moment_before, page
from controller.dashboard import rendering, words
from controller.dashboard.form import choice_of
from controller.dashboard.rendering import Live
from podium.taxonomy import ExperimentState
from podium.wire import Experiment

SHOWN = 50
router = APIRouter()
SearchText = Annotated[str, Query(max_length=100)]
Seen = Annotated[str | None, Query(max_length=16)]


class Search:
    """What was asked for, as the address says it. An empty choice is none."""

    def __init__(self, q: SearchText = "", state: SearchText = "", cursor: CursorText = None) -> None:
        self.text, self.state, self.cursor = q.strip(), choice_of(ExperimentState, state), cursor

    def query(self, **changes: str | None) -> str:
        asked = {"q": self.text, "state": self.state or "", "cursor": self.cursor} | changes
        return urlencode({name: value for name, value in asked.items() if value})


Wanted = Annotated[Search, Depends(Search)]


@router.get("/")
def show(request: Request, wanted: Wanted, session: Transaction, now: Now) -> Response:
    return rendering.page(
        request,
        "experiments.html",
        {"wanted": wanted, "states": list(ExperimentState), "list": _list(wanted, session, now).html},
    )


@router.get("/parts/experiments")
def show_list(wanted: Wanted, session: Transaction, now: Now, seen: Seen = None) -> Response:
    answer = _list(wanted, session, now).since(seen)
    answer.headers["HX-Replace-Url"] = f"/?{wanted.query()}" if wanted.query() else "/"
    return answer


def _list(wanted: Search, session: Transaction, now: Now) -> Live:
    chosen = store.ExperimentFilter(state=wanted.state, containing=wanted.text, older_than=moment_before(wanted.cursor))
    rows = store.experiments(session, chosen, SHOWN + 1)
    told = report.experiments(session, rows, now)
    shown = page(rows, SHOWN, key=lambda row: (row.created_at, row.id), show=lambda row: told[row.id])
    values: Mapping[str, object] = {
        "experiments": [_line(each, now) for each in shown.items],
        "is_search": bool(wanted.text or wanted.state),
        "older": wanted.query(cursor=shown.next_cursor) if shown.next_cursor else None,
        "newest": wanted.query(cursor=None) if wanted.cursor else None,
    }
    return rendering.live(
        "experiment_list.html", values, name="experiments", url=f"/parts/experiments?{wanted.query()}"
    )


def _line(experiment: Experiment, now: Now) -> Mapping[str, object]:
    return {
        "shown": experiment,
        "status": words.first_sentence(experiment, now),
        "share": words.share(experiment),
        "cost": words.cost(experiment),
    }
