"""What users ask: experiments, and what came out of them."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from controller import lifecycle, project_table, report, row_versions, store
from controller.api.collaborators import Needed, Now, Transaction, random_suffixes
from controller.api.pages import CursorText, Limit, moment_before, number_after, page
from controller.api.revisits import Revisit
from controller.api.spec_body import SPEC_BODY
from controller.database import ask_for_output
from controller.errors import InvalidSpec
from controller.forbidden import forbidden_references
from controller.onlookers import jobs_to_watch
from controller.progress import front_of
from controller.room import no_room
from podium.access import ProjectName
from podium.documents import UnreadableDocument, read_document
from podium.faults import SpecRejected, parse_spec
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState
from podium.wire import Attempt, Experiment, ExperimentChange, Front, Page, Run, Trial, TrialDetail

router = APIRouter(prefix="/experiments", tags=["experiments"])

IdempotencyKey = Annotated[str | None, Header(max_length=200, description="the same key makes one experiment")]


async def read_spec(request: Request, needed: Needed) -> ExperimentSpec:
    """Read the body as YAML or JSON, whichever its content type says. Raises InvalidSpec with every fault."""
    return await run_in_threadpool(spec_of, await request.body(), needed.reserved_names)


def spec_of(body: bytes, reserved_names: Collection[str]) -> ExperimentSpec:
    """Return the spec that a body holds. Raises InvalidSpec with every fault."""
    try:
        spec = parse_spec(read_document(body.decode()))
        if faults := forbidden_references(spec, reserved_names) + no_room(spec):
            raise SpecRejected(faults)
        return spec
    except UnicodeDecodeError:
        raise InvalidSpec("the body is not UTF-8 text") from None
    except UnreadableDocument as error:
        raise InvalidSpec(str(error)) from None
    except SpecRejected as error:
        count = len(error.faults)
        raise InvalidSpec(f"the spec has {count} fault{'' if count == 1 else 's'}", error.faults) from None


InProject = Annotated[ProjectName | None, Query(description="a project's name")]
Live = Annotated[
    bool, Query(description="have the output of what runs read, so that the next answers have it in `log_tail`")
]
ReadSpec = Annotated[ExperimentSpec, Depends(read_spec)]


@router.post("", status_code=status.HTTP_201_CREATED, openapi_extra=SPEC_BODY)
def create(  # noqa: PLR0913,PLR0917  # FastAPI reads headers and queries from parameters
    spec: ReadSpec,
    session: Transaction,
    now: Now,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    project: InProject = None,
) -> Experiment:
    """Create an experiment, in the project named, else in the token's only one, else in `default`.

    200 instead of 201 when the Idempotency-Key has made it before.
    """
    row, is_new = lifecycle.create(
        session,
        spec,
        suffixes=random_suffixes(),
        key=idempotency_key,
        now=now,
        project=project_table.chosen(session, project),
    )
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return report.experiment(session, row, now)


def read_filter(
    state: ExperimentState | None = None,
    name: str | None = None,
    project: InProject = None,
    cursor: CursorText = None,
) -> store.ExperimentFilter:
    """Say which experiments a list is to show."""
    return store.ExperimentFilter(state=state, name=name, project=project, older_than=moment_before(cursor))


Wanted = Annotated[store.ExperimentFilter, Depends(read_filter)]


@router.get("")
def list_experiments(wanted: Wanted, session: Transaction, now: Now, limit: Limit = 50) -> Page[Experiment]:
    """List experiments, the newest first."""
    rows = store.experiments(session, wanted, limit + 1)
    told = report.experiments(session, rows, now)
    return page(rows, limit, key=lambda row: (row.created_at, row.id), show=lambda row: told[row.id])


@router.get("/{experiment_id}")
def read(experiment_id: str, session: Transaction, now: Now) -> Experiment:
    return report.experiment(session, store.experiment(session, experiment_id), now)


@router.patch("/{experiment_id}")
def change(experiment_id: str, wanted: ExperimentChange, session: Transaction, now: Now) -> Experiment:
    """Change budget or parallelism while it runs."""
    return report.experiment(session, lifecycle.change(session, experiment_id, wanted, now), now)


@router.post("/{experiment_id}/pause")
def pause(experiment_id: str, session: Transaction, now: Now) -> Experiment:
    """Start nothing new; runs in flight finish."""
    return report.experiment(session, lifecycle.pause(session, experiment_id, now), now)


@router.post("/{experiment_id}/resume")
def resume(experiment_id: str, session: Transaction, now: Now) -> Experiment:
    return report.experiment(session, lifecycle.resume(session, experiment_id, now), now)


@router.post("/{experiment_id}/stop")
def stop(experiment_id: str, session: Transaction, now: Now) -> Experiment:
    """End it now; what was reported stays."""
    return report.experiment(session, lifecycle.stop(session, experiment_id, now), now)


@router.delete("/{experiment_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(experiment_id: str, session: Transaction, now: Now) -> None:
    """Forget an experiment that has ended; the reconciler removes its checkpoints."""
    lifecycle.delete(session, experiment_id, now)


@router.get("/{experiment_id}/trials")
def list_trials(
    experiment_id: str, session: Transaction, visit: Revisit, limit: Limit = 100, cursor: CursorText = None
) -> Page[Trial]:
    store.experiment(session, experiment_id)
    after = number_after(cursor)
    visit.is_of(row_versions.of_trials(session, experiment_id, after=after, limit=limit + 1))
    rows = store.trials(session, experiment_id, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda row: row.number, show=report.trial)


@router.get(
    "/{experiment_id}/trials.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def export_trials(experiment_id: str, session: Transaction) -> PlainTextResponse:
    """Return all trials as CSV, one column for each parameter."""
    row = store.experiment(session, experiment_id)
    lines = report.trials_csv(row, store.trials(session, experiment_id))
    return PlainTextResponse("".join(lines), media_type="text/csv")


@router.get("/{experiment_id}/trials/{number}")
def read_trial(experiment_id: str, number: int, session: Transaction, live: Live = False) -> TrialDetail:
    """Return a trial with its runs, attempts and measurements."""
    store.experiment(session, experiment_id)
    found = report.trial_detail(session, store.trial(session, experiment_id, number))
    if live:
        ask_for_output(session, jobs_to_watch(found.runs))
    return found


@router.post("/{experiment_id}/trials/{number}/stop")
def stop_trial(experiment_id: str, number: int, session: Transaction) -> Trial:
    """Have a running trial stop at its next report, keeping what it reached."""
    return report.trial(lifecycle.stop_trial(session, experiment_id, number))


@router.get("/{experiment_id}/runs")
def list_runs(
    experiment_id: str, session: Transaction, visit: Revisit, limit: Limit = 100, cursor: CursorText = None
) -> Page[Run]:
    store.experiment(session, experiment_id)
    after = number_after(cursor)
    visit.is_of(row_versions.of_runs(session, experiment_id, after=after, limit=limit + 1))
    rows = store.runs(session, experiment_id, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda row: row.number, show=report.run)


@router.get("/{experiment_id}/attempts")
def list_attempts(
    experiment_id: str, session: Transaction, visit: Revisit, limit: Limit = 100, cursor: CursorText = None
) -> Page[Attempt]:
    store.experiment(session, experiment_id)
    after = number_after(cursor)
    visit.is_of(row_versions.of_attempts(session, experiment_id, after=after, limit=limit + 1))
    rows = store.attempts(session, experiment_id, after=after, limit=limit + 1)
    return page(rows, limit, key=lambda row: row.id, show=report.attempt)


@router.get("/{experiment_id}/front")
def front(experiment_id: str, session: Transaction) -> Front:
    """Return the Pareto front: the trials that none beats in every objective, the best by the first objective first."""
    trials = front_of(session, store.experiment(session, experiment_id))
    return Front(trials=[report.trial(trial) for trial in trials])


@router.get("/{experiment_id}/best")
def best(experiment_id: str, session: Transaction) -> Trial:
    """Return the best trial at full fidelity. 404 before the first."""
    return report.trial(store.best_trial(session, store.experiment(session, experiment_id)))
