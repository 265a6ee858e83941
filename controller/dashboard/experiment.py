"""The page of one experiment: what it does, its figures, its trials, and what may be done about it."""

import io
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from ruamel.yaml import YAML

from controller import report, store
from controller.api.collaborators import Now, Transaction
from controller.dashboard import changes, rendering, table, words
from controller.dashboard.catalogue import Seen
from controller.dashboard.form import choice_of
from controller.dashboard.rendering import Live
from controller.principal import asking_of
from controller.tables import ExperimentRow
from controller.trial_table import Found, UnknownFilter, Wanted, column_names, trials_found
from podium.snapshot import has_ended
from podium.taxonomy import TrialState
from podium.wire import Experiment

router = APIRouter()
NOTHING = Found(rows=(), matching=0, page=1, pages=1)
Text = Annotated[str, Query(max_length=500)]


def read_wanted(state: Text = "", where: Text = "", sort: Text = "trial", page: int = 1) -> Wanted:
    """Read from the address which trials are to be shown."""
    last = 1_000_000  # beyond it the database's numbers end
    return Wanted(state=choice_of(TrialState, state), where=where, sort=sort or "trial", page=min(page, last))


Asked = Annotated[Wanted, Depends(read_wanted)]


@router.get("/experiments/{experiment_id}")
def show(request: Request, experiment_id: str, wanted: Asked, session: Transaction, now: Now) -> Response:
    row = store.experiment(session, experiment_id)
    experiment = report.experiment(session, row, now)
    values = {
        "shown": experiment,
        "wanted": wanted,
        "states": list(TrialState),
        "columns": column_names(row),
        "now": _now(session, experiment, now).html,
        "trials": _trials(session, row, experiment, wanted).html,
        "spec": _as_written(experiment),
        "changes": changes.latest(session, experiment_id),
    }
    return rendering.page(request, "experiment.html", values)


@router.get("/parts/experiments/{experiment_id}/now")
def show_now(experiment_id: str, session: Transaction, now: Now, seen: Seen = None) -> Response:
    return _now(session, report.experiment(session, store.experiment(session, experiment_id), now), now).since(seen)


@router.get("/parts/experiments/{experiment_id}/trials")
def show_trials(experiment_id: str, wanted: Asked, session: Transaction, now: Now, seen: Seen = None) -> Response:
    row = store.experiment(session, experiment_id)
    answer = _trials(session, row, report.experiment(session, row, now), wanted).since(seen)
    asked = table.query(wanted)
    answer.headers["HX-Replace-Url"] = f"/experiments/{experiment_id}" + (f"?{asked}" if asked else "")
    return answer


def _now(session: Transaction, experiment: Experiment, now: Now) -> Live:
    values = {
        "shown": experiment,
        "status": words.status(experiment, now),
        "facts": words.facts(experiment, now),
        "share": words.share(experiment),
        "has_buttons": rendering.can_edit(asking_of(session)) and not has_ended(experiment),
    }
    return rendering.live("experiment_now.html", values, name="now", url=f"/parts/experiments/{experiment.id}/now")


def _trials(session: Transaction, row: ExperimentRow, experiment: Experiment, wanted: Wanted) -> Live:
    try:
        found, refusal = trials_found(session, row, wanted), ""
    except UnknownFilter as error:
        found, refusal = NOTHING, error.detail
    values = {
        "shown": experiment,
        "wanted": wanted,
        "found": found,
        "refusal": refusal,
        "headings": table.headings(experiment, wanted),
        "rows": table.rows(experiment, [report.trial(each) for each in found.rows]),
        "leaves": table.leaves(found, wanted),
    }
    url = f"/parts/experiments/{experiment.id}/trials?{table.query(wanted)}"
    return rendering.live("trial_table.html", values, name="trials", url=url, trigger="podium:changed")


def _as_written(experiment: Experiment) -> str:
    """Return the spec as YAML, without what was not given."""
    document = experiment.spec.model_dump(mode="json", exclude_unset=True)
    written = io.StringIO()
    writer = YAML(typ="rt", pure=True)
    writer.width = 120
    writer.dump(document, written)
    return written.getvalue()
