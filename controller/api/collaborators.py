"""What a request needs, as FastAPI dependencies: one transaction, the clock, and who is asking."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from controller.database import Sessions, transaction
from controller.errors import InvalidToken
from controller.tokens import TokenSigner

SUFFIX_LETTERS = "bcdfghjkmnpqrstvwxz23456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """Everything that the application works with; tests hand in their own."""

    engine: Engine
    sessions: Sessions
    signer: TokenSigner
    artifacts_url: str
    clock: Callable[[], datetime]
    registry: CollectorRegistry


def collaborators(request: Request) -> Collaborators:
    found = request.app.state.collaborators
    assert isinstance(found, Collaborators)
    return found


Needed = Annotated[Collaborators, Depends(collaborators)]


def _session(needed: Needed) -> Iterator[Session]:
    with transaction(needed.sessions) as session:
        yield session


def _now(needed: Needed) -> datetime:
    return needed.clock()


def _job(needed: Needed, authorization: Annotated[str, Header()] = "") -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken("send the run token as `Authorization: Bearer ...`; workers get theirs in PODIUM_RUN_TOKEN")
    return needed.signer.job_of(token, needed.clock())


# scope="function": the transaction commits before the response is sent, see docs/decisions/0003
Transaction = Annotated[Session, Depends(_session, scope="function")]
Now = Annotated[datetime, Depends(_now)]
Job = Annotated[str, Depends(_job)]


def random_suffixes() -> Iterator[str]:
    """Yield four characters at a time, to tell experiments of one name apart."""
    while True:
        yield "".join(secrets.choice(SUFFIX_LETTERS) for _ in range(4))
