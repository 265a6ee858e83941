"""What a request needs, as FastAPI dependencies: one transaction, the clock, and who is asking."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Header, Request
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from structlog.contextvars import bind_contextvars

from controller.album import MOST_RECORDS, Album
from controller.api.access import needed_by
from controller.api.allowance import Allowance, Allowances
from controller.api.guesses import Guesses
from controller.api.queue import Queue
from controller.database import USUAL_POOL, Sessions, transaction
from controller.drawing import Drawer
from controller.errors import InvalidToken, TooMany
from controller.logs import owners
from controller.oidc.issuer import Issuer
from controller.principal import Asking, attach
from controller.tokens import TokenSigner
from podium.pod import PodShape

ARTIFACT_READERS = 4
WORKERS = Allowance(burst=600, per_second=20)
"""Requests of one attempt: a worker reports an epoch and tells its progress once a minute."""
MOST_ATTEMPTS = 20_000
"""That are counted; a bucket takes about 300 bytes."""
SUFFIX_LETTERS = "bcdfghjkmnpqrstvwxz23456789"


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """Everything that the application works with; tests hand in their own."""

    engine: Engine
    sessions: Sessions
    signer: TokenSigner
    admin_token: str | None
    """Of an admin who is in no table. None leaves the API open, as on the loopback address of one machine."""
    artifacts_url: str
    clock: Callable[[], datetime]
    registry: CollectorRegistry
    reserved_names: frozenset[str] = frozenset()
    """Secrets and claims that no experiment may name."""
    host_names: frozenset[str] = frozenset()
    """Names with dots under which browsers may reach an open API."""
    issuer: Issuer | None = None
    """At whom people may sign in to the dashboard; None where tokens alone are known."""
    pod_defaults: PodShape = PodShape()
    """How Pods look where an experiment does not say."""
    shows_metrics: bool = True
    """Whether /metrics is served beside the API; not where another port serves it."""
    turns: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(USUAL_POOL))
    """As many requests as there are connections may be in a transaction at once."""
    drawer: Drawer = field(default_factory=Drawer)
    drawers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    """One figure is drawn at a time, by a thread that nothing else waits for."""
    album_readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    """And one record is read at a time: the next request may find it read."""
    reports: Queue = field(default_factory=lambda: Queue(what="reports", at_work=2, waiting=8))
    """One of four large experiments takes hundreds of megabytes while it is made."""
    figures: Queue = field(default_factory=lambda: Queue(what="figures", at_work=MOST_RECORDS, waiting=64))
    """Those at work hold a record each, which may not be in the album any more."""
    artifact_readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(ARTIFACT_READERS))
    """So many files of the artifact store are read at once, by threads that nothing else waits for."""

    worker_requests: Allowances = field(default_factory=lambda: Allowances(WORKERS, MOST_ATTEMPTS))
    guesses: Guesses = field(default_factory=Guesses)
    """At the sign-in, and below at the API: what a program does wrong keeps nobody from signing in behind its proxy."""
    api_guesses: Guesses = field(default_factory=Guesses)

    @cached_property
    def album(self) -> Album:
        return Album(sessions=self.sessions, clock=self.clock)


async def collaborators(request: Request) -> Collaborators:
    found = request.app.state.collaborators
    assert isinstance(found, Collaborators)
    return found


Needed = Annotated[Collaborators, Depends(collaborators)]


async def _turn(needed: Needed) -> AsyncIterator[None]:
    """Wait for a connection's turn without holding a thread.

    A request in a transaction needs a thread more than once. Were all of them waiting for connections, those who have
    the connections would wait for a thread, until everything times out.
    """
    async with needed.turns:
        yield


async def _session(
    request: Request, needed: Needed, turn: Annotated[None, Depends(_turn, scope="function")]
) -> AsyncIterator[Session]:
    """Open a transaction, which asks nothing of the database yet, and end it in a thread, which does."""
    on_behalf = _asking(request)
    opened = transaction(needed.sessions)
    session = opened.__enter__()
    attach(session, on_behalf)
    try:
        yield session
    except BaseException as error:
        await run_in_threadpool(opened.__exit__, type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(opened.__exit__, None, None, None)


def _asking(request: Request) -> Asking | None:
    """Return on whose behalf a request is; None for a worker's. Nobody who was not let in has a transaction."""
    if needed_by(request).role is None:
        return None
    found = request.state.asking
    assert isinstance(found, Asking)
    return found


async def _now(needed: Needed) -> datetime:
    return needed.clock()


Authorization = Annotated[str, Header(include_in_schema=False)]  # the document tells it as a security scheme


async def _job(needed: Needed, authorization: Authorization = "") -> str:
    """Return the Job that asks, and put its names on all that is logged of this request.

    A coroutine, since what a synchronous dependency binds ends with its thread.
    """
    token = bearer(authorization)
    if token is None:
        raise InvalidToken("send the run token as `Authorization: Bearer ...`; workers get theirs in PODIUM_RUN_TOKEN")
    now = needed.clock()
    job = needed.signer.job_of(token, now)
    bind_contextvars(job=job, **owners(job))
    if wait_seconds := needed.worker_requests.take(job, now):
        often = f"more than {WORKERS.per_second:g} requests a second"
        raise TooMany(f"attempt {job!r} makes {often}; report once an epoch, and try again later", wait_seconds)
    return job


def bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token if scheme.lower() == "bearer" and token else None


# scope="function": the transaction commits before the response is sent, see docs/decisions/0003
Transaction = Annotated[Session, Depends(_session, scope="function")]
Now = Annotated[datetime, Depends(_now)]
Job = Annotated[str, Depends(_job)]


def random_suffixes() -> Iterator[str]:
    """Yield four characters at a time, to tell experiments of one name apart."""
    while True:
        yield "".join(secrets.choice(SUFFIX_LETTERS) for _ in range(4))
