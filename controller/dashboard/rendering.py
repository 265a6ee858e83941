"""Templates, and parts of pages that keep up with what happens.

Whatever a template writes is escaped; only what another template made is not.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from controller.api.collaborators import Collaborators
from controller.dashboard import assets, words
from controller.dashboard.headers import DATA
from controller.principal import Asking
from podium.access import Role
from podium.cli import phrases
from podium.cli.access_tables import short
from podium.study_words import trained_with

TEMPLATES = Path(__file__).parent / "templates"
Values = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A part of a page that asks again, at `url`, when something may have happened."""

    html: Markup
    digest: str
    """Of what it shows."""

    def since(self, seen: str | None) -> Response:
        """Answer a page that shows what `seen` is the digest of: nothing where nothing has changed."""
        return Response(status_code=204) if seen == self.digest else HTMLResponse(self.html)


def page(request: Request, template: str, values: Values, status: int = 200) -> HTMLResponse:
    """Return a whole page."""
    needed = request.app.state.collaborators
    assert isinstance(needed, Collaborators)
    context = {"can_sign_out": needed.admin_token is not None, "path": request.url.path, **_may(request), **values}
    return HTMLResponse(environment().get_template(template).render(context), status_code=status)


def _may(request: Request) -> Values:
    """Say who looks at a page and which of its buttons are his; on the sign-in, and where he was refused, nobody's."""
    asking = getattr(request.state, "asking", None)
    known = asking if isinstance(asking, Asking) else None
    return {
        "visitor": known and known.principal,
        "can_edit": can_edit(known),
        "can_administer": known is not None and known.principal.role.includes(Role.ADMIN),
    }


def can_edit(asking: Asking | None) -> bool:
    """Say whether somebody may press the buttons that change something."""
    return asking is not None and asking.principal.role.includes(Role.EDITOR)


def live(template: str, values: Values, *, name: str, url: str, trigger: str = "podium:tick") -> Live:
    """Return a part that is filled in from a template; on the event `trigger` it asks for itself at `url`."""
    inner = Markup(environment().get_template(template).render(values))  # the template has escaped it
    digest = hashlib.sha256(inner.encode()).hexdigest()[:16]
    outer = {"inner": inner, "digest": digest, "name": name, "url": url, "trigger": trigger}
    return Live(html=Markup(environment().get_template("live.html").render(outer)), digest=digest)


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"asset": assets.address, "plotly_styles": assets.plotly_styles, "data": DATA}
    made.filters |= {
        "number": phrases.number,
        "setting": phrases.setting,
        "counted": phrases.counted,
        "in_words": phrases.in_words,
        "percent": words.percent,
        "moment": words.moment,
        "plain": words.plain,
        "short": short,
        "share": words.share,
        "trained_with": trained_with,
    }
    return made
