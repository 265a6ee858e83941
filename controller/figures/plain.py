"""Text that somebody typed, as text: plotly reads a subset of HTML, entities and, where MathJax is loaded, TeX.

Metrics, choices and a cluster's words come from outside. What is shown in a title, a name, a tick or a hover text
passes through here; what Podium itself writes may hold a <br>.
"""

import re

MOST_CHARACTERS = 60
SPECIAL = re.compile(r"[&<>$%{}\"'\\]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Line breaks, and what would turn the direction of the text around it."""


def plain(text: object, most: int = MOST_CHARACTERS) -> str:
    """Return a text of which no part is interpreted, cut to `most` characters.

    What has a meaning becomes a numeric entity: plotly looks for tags, for TeX and for %{...} first, and reads entities
    last.
    """
    shown = CONTROL.sub(" ", str(text))
    if len(shown) > most:
        shown = shown[: most - 1] + "\u2026"
    return SPECIAL.sub(lambda found: f"&#{ord(found[0])};", shown)


def number(value: float) -> str:
    """Return a number with the four digits that matter."""
    return f"{value:.4g}"
