"""A figure that the controller drew, as plotly's object; plotly is imported when the first one is looked at."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def needs_plotly() -> None:
    """Raise ImportError, with what to install, where there is no plotly."""
    if find_spec("plotly") is None:
        raise ImportError('figures need plotly; install it with: pip install "podium[notebook]"')


def drawn(figure: str) -> "Figure":
    """Return the figure of plotly's JSON."""
    from plotly.io import from_json  # noqa: PLC0415  # a second of imports

    return from_json(figure, skip_invalid=True)  # the controller's plotly may be newer
