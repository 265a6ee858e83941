"""A study report as one HTML file that needs nothing else: style, script, figures and pictures are within it.

What users typed is escaped by Jinja2. The page's own Content-Security-Policy names its style and its scripts by their
SHA-256, so that nothing else runs, and nothing is fetched.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from podium import study_words as words
from podium.documents import write_document
from podium.study import StudyReport

FOLDER = files("controller.study") / "templates"
STYLE_ID = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
EMPTY = ""
"""Plotly makes a style element without text and fills it by rules: its hash is that of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A plotly figure of one arm, or of all."""

    experiment: str | None
    """None: of all arms."""
    title: str
    plot: str | None
    """As plotly writes it as JSON; None where it could not be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    html: str
    policy: str
    """The same Content-Security-Policy for the answer's header."""


def page_of(report: StudyReport, figures: Sequence[Figure] = ()) -> Page:
    """Return a report as a whole HTML document."""
    style, scripts = _text("report.css"), _scripts() if any(figure.plot for figure in figures) else ()
    policy = _policy(style, scripts)
    html = (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            words=words,
            policy=policy,
            style=Markup(style),
            scripts=[Markup(script) for script in scripts],
            taken=_styles_of(scripts),
            figures=[(figure, Markup(_inert(figure.plot or ""))) for figure in figures],
        )
    )
    return Page(html=html, policy=policy)


def _policy(style: str, scripts: Sequence[str]) -> str:
    allowed = " ".join(map(_hash, scripts)) or "'none'"
    # plotly writes bold text by style attributes; nothing can be fetched by one, since default-src allows no address
    attributes = " style-src-attr 'unsafe-inline';" if scripts else ""
    return (
        f"default-src 'none'; img-src data:; script-src {allowed}; "
        f"style-src {_hash(style)} {_hash(EMPTY)};{attributes} base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _styles_of(scripts: Sequence[str]) -> list[str]:
    """Return ids of the style elements that libraries within plotly add unless they are there: of maps, which none is.

    The policy forbids them. Where an element has the id already, the browser need not say so.
    """
    return sorted({found for script in scripts for found in STYLE_ID.findall(script)})


def _inert(plot: str) -> str:
    """Return JSON that no HTML parser takes for anything else."""
    return plot.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _scripts() -> tuple[str, ...]:
    plotly = files("plotly") / "package_data" / "plotly.min.js"  # plotly itself need not be imported for it
    return plotly.read_text(encoding="utf-8"), _text("report.js")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["yaml"] = write_document
    return environment


@cache
def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
