"""Who changed what, on the wire."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from podium.contract import Contract


class Action(StrEnum):
    """What a user does that changes something."""

    CREATED = "experiment created"
    CHANGED = "experiment changed"
    PAUSED = "experiment paused"
    RESUMED = "experiment resumed"
    STOPPED = "experiment stopped"
    DELETED = "experiment deleted"
    TRIAL_STOPPED = "trial stopped"
    TOKEN_CREATED = "token created"
    TOKEN_REVOKED = "token revoked"
    PROJECT_CREATED = "project created"
    WEBHOOK_CREATED = "webhook created"
    WEBHOOK_DELETED = "webhook deleted"


class Change(Contract):
    """One line of the audit trail."""

    id: int
    at: AwareDatetime
    who: str
    """A token's name, `bootstrap` for PODIUM_ADMIN_TOKEN, `anybody` where the API is open; of who signed in at an
    issuer the name, and the subject by which it knows him for good."""
    source: str
    token_id: int | None
    address: str
    """Of whoever was connected: a proxy's, where there is one."""
    action: Action
    subject: str
    """An experiment's id, a token's or a project's name."""
    experiment_id: str | None
    project: str | None
    old: dict[str, Any] | None  # Any: a JSON document
    new: dict[str, Any] | None  # Any: a JSON document
