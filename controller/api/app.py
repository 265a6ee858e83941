"""The application: routes, the limit on bodies, and errors in one shape."""

import math
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from controller.api import (
    audit_trail,
    doctor,
    evaluation,
    experiments,
    exports,
    figures,
    health,
    problems,
    projects,
    reports,
    results,
    suggestions,
    tokens,
    webhooks,
    worker,
)
from controller.api.admission import admit_user
from controller.api.allowed_methods import allowed_methods
from controller.api.body_limit import BodyLimit
from controller.api.collaborators import Collaborators
from controller.api.document import ANSWERS, narrowed
from controller.api.etags import EntityTags
from controller.api.head_limit import HeadLimit
from controller.api.latency import ReportLatency, report_seconds
from controller.api.media_types import refuse_other_types
from controller.api.revisits import NotModified, not_modified
from controller.errors import BodyTooLarge, DatabaseAway, Refusal, TooMany, Unavailable
from podium.fault import Fault
from podium.faults import faults_of
from podium.wire import API_PREFIX, MAX_BODY_BYTES

log = structlog.get_logger()
RETRY_AFTER_SECONDS = "2"
PROBLEMS: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type
    code: {"model": problems.ProblemDetails} for code in ANSWERS
}


def create_app(collaborators: Collaborators) -> FastAPI:
    """Return the application. It opens nothing by itself: all it works with is handed in."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        collaborators.drawer.close()

    # the pages have a reference of their own: FastAPI's fetches scripts from elsewhere
    app = FastAPI(title="Podium", version="0.1.0", responses=PROBLEMS, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.collaborators = collaborators
    workers = [Depends(refuse_other_types)]
    users = [Depends(admit_user), *workers]
    app.include_router(worker.router, prefix=API_PREFIX, dependencies=workers)  # asked most, hence looked up first
    app.include_router(experiments.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(results.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(evaluation.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(exports.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(figures.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(reports.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(webhooks.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(suggestions.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(suggestions.run_router, prefix=API_PREFIX, dependencies=workers)
    app.include_router(tokens.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(projects.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(audit_trail.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(doctor.router, prefix=API_PREFIX, dependencies=users)
    app.include_router(health.router)
    app.include_router(problems.router)
    if collaborators.shows_metrics:
        app.include_router(health.metrics_router)
    app.add_middleware(EntityTags, prefix=API_PREFIX)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    app.add_middleware(HeadLimit)
    seconds = report_seconds(collaborators.registry)
    app.add_middleware(ReportLatency, path=f"{API_PREFIX}{worker.MEASUREMENTS}", seconds=seconds)
    app.add_exception_handler(NotModified, not_modified)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _failed)
    told = app.openapi
    app.openapi = lambda: narrowed(told())  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    return app


def _problem(
    request: Request, status: int, error: str, detail: str, faults: Sequence[Fault] = ()
) -> problems.ProblemAnswer:
    answer = problems.problem_answer(request.url.path, status, error, detail, faults=faults)
    if status == Unavailable.status:
        answer.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return answer


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    log.info("refused", path=request.url.path, error=type(error).__name__, detail=error.detail)
    answer = _problem(request, error.status, type(error).__name__, error.detail, error.faults)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(math.ceil(error.wait_seconds))
    return answer


def _database_away(request: Request, error: Exception) -> JSONResponse:
    return _problem(request, DatabaseAway.status, DatabaseAway.__name__, "the database does not answer; try again soon")


def _unstorable(request: Request, error: Exception) -> JSONResponse:
    return _problem(request, 422, "InvalidRequest", "the request holds a number or a character that no row can hold")


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    body = [each | {"loc": each["loc"][1:]} for each in error.errors() if each["loc"][0] == "body"]
    rest = [
        Fault(path=str(each["loc"][-1]), found=str(each["input"]), allowed=each["msg"])
        for each in error.errors()
        if each["loc"][0] != "body"
    ]
    detail = "the request is not what the API takes; see /docs"
    return _problem(request, 422, "InvalidRequest", detail, faults_of(body, error.body) + rest)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    name = BodyTooLarge.__name__ if error.status_code == BodyTooLarge.status else problems.UNNAMED
    answer = _problem(request, error.status_code, name, _told(request, error))
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(allowed_methods(request))
    return answer


def _told(request: Request, error: HTTPException) -> str:
    """Return what is said of it; of an address at which nothing is, Starlette says that it was not found."""
    if error.status_code == HTTPStatus.NOT_FOUND and error.detail == HTTPStatus.NOT_FOUND.phrase:
        return f"there is nothing at {request.url.path}; the addresses are listed at /docs"
    return str(error.detail)


def _failed(request: Request, error: Exception) -> JSONResponse:
    """Tell nothing of what went wrong but where the log tells it."""
    request_id = uuid.uuid4().hex
    log.error("a request failed", request_id=request_id, path=request.url.path, exc_info=error)
    detail = f"the controller failed; its log says why, at request_id {request_id}"
    return _problem(request, 500, "InternalError", detail)
