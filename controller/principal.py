"""Who asks, and on whose behalf a transaction is.

A session carries it, so that whatever reads experiments sees those that its asker may see, and whatever changes one can
say who did. A session of the controller's own carries none: it sees everything, and leaves no trace in the audit trail.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from podium.access import Role, Source

KEY = "asking"
"""In `Session.info`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who is known. How he came to be known is for the doors; what he may do is the same behind each."""

    name: str
    role: Role
    source: Source
    projects: frozenset[str] | None = None
    """That he sees; None for all."""
    token_id: int | None = None
    expires_at: datetime | None = None
    subject: str | None = None
    """By which an issuer knows him; names and mail addresses pass from one person to another."""

    @property
    def in_full(self) -> str:
        """Who he is, so that it can be told years later."""
        return self.name if self.subject in (None, self.name) else f"{self.name} ({self.subject})"

    def sees(self, project: str) -> bool:
        return self.projects is None or project in self.projects


ANYBODY = Principal(name="anybody", role=Role.ADMIN, source="open")
"""Whoever reaches an API that is open."""
BOOTSTRAP = Principal(name="bootstrap", role=Role.ADMIN, source="bootstrap")
"""Whoever has PODIUM_ADMIN_TOKEN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request: who, from where, and when."""

    principal: Principal
    address: str
    """Of whoever is connected: a proxy's, where there is one."""
    at: datetime


def attach(session: Session, asking: Asking | None) -> None:
    """Let a session act on somebody's behalf from now on."""
    session.info[KEY] = asking


def asking_of(session: Session) -> Asking | None:
    found = session.info.get(KEY)
    assert found is None or isinstance(found, Asking)
    return found


def seen_projects(session: Session) -> frozenset[str] | None:
    """Return the projects that a session's asker sees; None for all."""
    asking = asking_of(session)
    return None if asking is None else asking.principal.projects
