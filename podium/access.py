"""Who may do what, on the wire: roles, tokens, and who one is.

A role holds what those before it hold: viewers read, editors create and control, admins say who may enter.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from podium.contract import Contract

DEFAULT_PROJECT = "default"
"""Where an experiment belongs whose author names no project."""
PROJECT_VARIABLE = "PODIUM_PROJECT"

Source = Literal["token", "bootstrap", "oidc", "open"]
"""How somebody is known: by a token of the API, by PODIUM_ADMIN_TOKEN, by an issuer of OpenID Connect, or not at all,
where the API is open."""
ProjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
TokenName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._@-]{0,98}[A-Za-z0-9])?$")]


class Role(StrEnum):
    """What somebody may do, the least first."""

    VIEWER = "viewer"
    """Reads experiments and all that came out of them."""
    EDITOR = "editor"
    """Creates and controls experiments as well, and with them runs images of its choice."""
    ADMIN = "admin"
    """Manages tokens and projects as well, and reads the audit trail."""

    def includes(self, other: "Role") -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class TokenOrder(Contract):
    """A token that is to be made."""

    name: TokenName
    """Under which it is listed, and stands in the audit trail."""
    role: Role
    projects: Annotated[list[ProjectName], Field(min_length=1, max_length=100)] | None = None
    """To which it is limited; None for all. An admin's is not limited."""
    expires_at: AwareDatetime | None = None
    """None for a token that is good until it is revoked."""


class Token(Contract):
    """What is known of a token. Its secret is not: only a digest of it is kept."""

    id: int
    name: str
    role: Role
    projects: list[str] | None
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    """To the minute."""
    revoked_at: AwareDatetime | None


class NewToken(Contract):
    """A token that was made, and its secret, which is shown this once."""

    secret: str
    token: Token


class WhoAmI(Contract):
    """Whom the API takes the caller for."""

    name: str
    role: Role
    projects: list[str] | None
    source: Source
    expires_at: AwareDatetime | None = None


class ProjectOrder(Contract):
    """A project that is to be made."""

    name: ProjectName


class Project(Contract):
    name: str
    experiments: int
    """That belong to it."""
    created_at: AwareDatetime
