"""What to say about tokens, projects and changes: pure functions of what the controller told."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from podium.access import Project, Token
from podium.audit import Change
from podium.cli.phrases import MISSING
from podium.cli.tables import plain_table

LONGEST_VALUE = 100


def tokens_table(tokens: Sequence[Token], now: datetime) -> RenderableType:
    table = plain_table("token", "name", "role", "projects", "good", "last used", "made by")
    for each in tokens:
        projects = "all" if each.projects is None else ", ".join(each.projects)
        used = MISSING if each.last_used_at is None else _minute(each.last_used_at)
        table.add_row(str(each.id), each.name, each.role, projects, _validity(each, now), used, each.created_by)
    return table


def _validity(token: Token, now: datetime) -> Text:
    if token.revoked_at is not None:
        return Text(f"revoked {_minute(token.revoked_at)}", style="dim")
    if token.expires_at is None:
        return Text("until revoked")
    if token.expires_at <= now:
        return Text(f"expired {_minute(token.expires_at)}", style="dim")
    return Text(f"until {_minute(token.expires_at)}")


def projects_table(projects: Sequence[Project]) -> RenderableType:
    table = plain_table("project", "experiments", "made")
    for each in projects:
        table.add_row(each.name, str(each.experiments), _minute(each.created_at))
    return table


def changes_table(changes: Sequence[Change]) -> RenderableType:
    table = plain_table("when", "who", "from", "what", "of", "before", "after")
    for each in changes:
        table.add_row(
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.who,
            each.address,
            each.action,
            each.subject,
            short(each.old),
            short(each.new),
        )
    return table


def short(values: Mapping[str, Any] | None) -> str:
    """Return values as JSON in a line, cut where it is long: a spec is."""
    if values is None:
        return MISSING
    text = json.dumps(values, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
