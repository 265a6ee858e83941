"""A controller in memory that answers over real HTTP, so that the client and the CLI can be watched at work.

It knows the wire and nothing else: no store, no workers. Each look at an experiment moves it one step along its script.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from podium.fault import Fault
from podium.faults import parse_spec
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState, TrialState
from podium.wire import (
    Attempt,
    Experiment,
    Front,
    Measurement,
    Page,
    Problem,
    Progress,
    Reasons,
    Run,
    Trial,
    TrialDetail,
)

BORN = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "name": "digits",
    "objective": {"metric": "val_accuracy"},
    "parameters": {
        "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
        "nesterov": {"type": "categorical", "choices": [True, False]},
    },
    "fidelity": {"rungs": {"small": 1, "full": 8}},
    "budget": {"cost": 12},
    "baseline": {"learning_rate": 0.1, "nesterov": False},
    "training": {"dataset": "digits"},
}


def a_spec(**changes: object) -> ExperimentSpec:
    return parse_spec({**SPEC, **changes})


def a_progress(**changes: Any) -> Progress:
    plain = Progress(
        cost_spent=4.0,
        cost_trained=1.0,
        runs_started=10,
        runs_in_flight=2,
        runs_ended=8,
        promotions=3,
        trials={TrialState.RUNNING: 2, TrialState.PAUSED: 3, TrialState.COMPLETED: 2},
        best_value=0.98125,
        best_trial=4,
        baseline_value=0.965,
    )
    return plain.model_copy(update=changes)


def an_experiment(**changes: Any) -> Experiment:
    plain = Experiment(
        id="digits-k3f9",
        name="digits",
        state=ExperimentState.RUNNING,
        message="2 runs in flight",
        spec=a_spec(),
        progress=a_progress(),
        created_at=BORN,
        ended_at=None,
    )
    return plain.model_copy(update=changes)


def ended(experiment: Experiment, **progress: Any) -> Experiment:
    """Return the experiment as it is after ten minutes, its budget spent."""
    return experiment.model_copy(
        update={
            "state": ExperimentState.COMPLETED,
            "message": "the budget is spent",
            "ended_at": experiment.created_at + timedelta(minutes=10),
            "progress": a_progress(cost_spent=12.0, runs_in_flight=0, runs_ended=10, **progress),
        }
    )


def a_trial(number: int = 4, **changes: Any) -> Trial:
    plain = Trial(
        number=number,
        state=TrialState.COMPLETED,
        is_baseline=False,
        configuration={"learning_rate": 0.0321, "nesterov": False},
        reached_epoch=8,
        value=0.98125,
        created_at=BORN,
    )
    return plain.model_copy(update=changes)


def an_attempt(number: int = 1, **changes: Any) -> Attempt:
    plain = Attempt(
        number=number,
        job=f"digits-k3f9-t4-e8-a{number}",
        state=AttemptState.ENDED,
        end_reason=EndReason.SUCCEEDED,
        exit_code=0,
        detail="",
        log_tail="",
        last_epoch=8,
        created_at=BORN + timedelta(minutes=number),
        ended_at=BORN + timedelta(minutes=number + 1),
    )
    return plain.model_copy(update=changes)


def a_run(number: int = 1, **changes: Any) -> Run:
    plain = Run(
        number=number,
        trial=4,
        rung="full",
        from_epoch=1,
        to_epoch=8,
        reached_epoch=8,
        is_promotion=True,
        state=RunState.ENDED,
        end_reason=EndReason.SUCCEEDED,
        value=0.98125,
        reasons=Reasons(source="model"),
        attempts=[an_attempt()],
        created_at=BORN,
        ended_at=BORN + timedelta(minutes=2),
    )
    return plain.model_copy(update=changes)


def a_measurement(epoch: int) -> Measurement:
    return Measurement(
        epoch=epoch,
        metrics={"val_accuracy": 0.9 + epoch / 100},
        seconds=1.5,
        samples_per_second=958.0,
        attempt="digits-k3f9-t4-e8-a1",
        created_at=BORN,
    )


@dataclass(slots=True)
class World:
    """Everything the stand-in knows. `script` holds what an experiment becomes, one step for each look at it."""

    experiments: dict[str, Experiment] = field(default_factory=dict)
    script: dict[str, list[Experiment]] = field(default_factory=dict)
    next_script: list[Experiment] = field(default_factory=list)
    """What the next created experiment becomes; ids and specs are filled in."""
    runs: list[Run] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    """What the next POST is refused with."""
    unavailable: int = 0
    """How many of the next requests get 503."""
    is_mute: bool = False
    """Whether it refuses to list experiments."""
    page_size: int = 2
    requests: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def add(self, *steps: Experiment) -> Experiment:
        self.experiments[steps[0].id] = steps[0]
        self.script[steps[0].id] = list(steps[1:])
        return steps[0]


def create_app(world: World) -> FastAPI:  # noqa: C901 - a table of routes, one after another
    app = FastAPI()

    @app.middleware("http")
    async def remember(request: Request, proceed: Any) -> Any:
        world.requests.append(f"{request.method} {request.url.path}")
        if world.unavailable and request.url.path.startswith("/api"):
            world.unavailable -= 1
            return problem(503, "DatabaseAway", "the database is away")
        return await proceed(request)

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/api/v1/experiments")
    async def create(request: Request, idempotency_key: str = Header("")) -> Response:
        if world.faults:
            return problem(422, "SpecRejected", "the spec has faults", world.faults)
        if idempotency_key in world.keys:
            return answer(world.experiments[world.keys[idempotency_key]])
        spec = parse_spec(await request.json())
        born = an_experiment(id=f"{spec.name}-{len(world.experiments):04}", name=spec.name, spec=spec)
        steps = [step.model_copy(update={"id": born.id, "spec": spec}) for step in world.next_script]
        world.add(born, *steps)
        world.keys[idempotency_key] = born.id
        return answer(born, 201)

    @app.get("/api/v1/experiments")
    def index(state: str = "", name: str = "", cursor: int = 0) -> Response:
        if world.is_mute:
            return problem(500, "Broken", "it has no list")
        chosen = [
            experiment
            for experiment in world.experiments.values()
            if state in ("", experiment.state) and name in ("", experiment.name)
        ]
        return page(chosen, cursor)

    @app.get("/api/v1/experiments/{key}")
    def get(key: str) -> Response:
        if key in world.experiments and world.script.get(key):
            world.experiments[key] = world.script[key].pop(0)
        return answer(world.experiments[key]) if key in world.experiments else unknown(key)

    @app.patch("/api/v1/experiments/{key}")
    async def change(key: str, request: Request) -> Response:
        world.changes.append(await request.json())
        spec = world.experiments[key].spec.model_dump(mode="json", exclude_unset=True)
        spec |= {**world.changes[-1], "budget": spec["budget"] | world.changes[-1].get("budget", {})}
        world.experiments[key] = world.experiments[key].model_copy(update={"spec": parse_spec(spec)})
        return answer(world.experiments[key])

    @app.delete("/api/v1/experiments/{key}")
    def delete(key: str) -> Response:
        if world.experiments[key].state is ExperimentState.RUNNING:
            return problem(409, "ExperimentRuns", f"{key} still runs; stop it first")
        del world.experiments[key]
        return Response(status_code=204)

    @app.get("/api/v1/experiments/{key}/trials")
    def trials(key: str, cursor: int = 0) -> Response:
        return page(world.trials, cursor)

    @app.get("/api/v1/experiments/{key}/trials.csv")
    def table(key: str) -> PlainTextResponse:
        return PlainTextResponse("trial,value\r\n4,0.98125\r\n", media_type="text/csv")

    @app.get("/api/v1/experiments/{key}/trials/{number}")
    def trial(key: str, number: int) -> Response:
        found = next((trial for trial in world.trials if trial.number == number), None)
        if found is None:
            return problem(404, "TrialNotFound", f"{key} has no trial {number}")
        runs = [run for run in world.runs if run.trial == number]
        measured = [a_measurement(epoch) for epoch in range(1, 9)]
        return answer(TrialDetail(**dict(found), runs=runs, measurements=measured))

    @app.post("/api/v1/experiments/{key}/trials/{number}/stop")
    def stop_trial(key: str, number: int) -> Response:
        return answer(a_trial(number, state=TrialState.RUNNING))  # it stops at its next report

    @app.get("/api/v1/experiments/{key}/runs")
    def runs(key: str, cursor: int = 0) -> Response:
        return page(world.runs, cursor)

    @app.get("/api/v1/experiments/{key}/best")
    def best(key: str) -> Response:
        done = [trial for trial in world.trials if trial.reached_epoch == 8]
        return answer(done[0]) if done else problem(404, "NoTrialYet", f"{key} has no trial at full fidelity yet")

    @app.get("/api/v1/experiments/{key}/front")
    def front(key: str) -> Response:
        return answer(Front(trials=[trial for trial in world.trials if trial.reached_epoch == 8]))

    @app.post("/api/v1/experiments/{key}/{verb}")
    def command(key: str, verb: str) -> Response:
        states = {"pause": ExperimentState.PAUSED, "resume": ExperimentState.RUNNING, "stop": ExperimentState.STOPPED}
        changed = world.experiments[key].model_copy(update={"state": states[verb], "message": f"asked to {verb}"})
        world.experiments[key], world.script[key] = changed, []
        return answer(changed)

    def page(items: list[Any], cursor: int) -> Response:
        end = cursor + world.page_size
        return answer(Page(items=items[cursor:end], next_cursor=str(end) if end < len(items) else None))

    return app


def answer(model: Any, status: int = 200) -> Response:
    body = model.model_dump_json(exclude_unset=isinstance(model, Experiment))
    return Response(body, status, media_type="application/json")


def problem(status: int, error: str, detail: str, faults: list[Fault] | None = None) -> Response:
    return JSONResponse(Problem(error=error, detail=detail, faults=faults or []).model_dump(mode="json"), status)


def unknown(key: str) -> Response:
    return problem(404, "ExperimentNotFound", f"there is no experiment {key}")
