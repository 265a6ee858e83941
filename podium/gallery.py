"""An experiment's figures in a notebook, by their names: asked of the controller when they are looked at.

    figures = podium.figures("digits-k3f9")
    list(figures)                               # ['history', 'learning-curves', ...]
    figures["history"]                          # a plotly Figure, which a notebook draws
    figures.view("contour", x="learning_rate")  # what of a figure is looked at may be chosen

Needs plotly: pip install "podium[notebook]".
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from podium.cli.address import controller_url, token_for
from podium.client import NotFound
from podium.figure_client import FigureClient

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

TIMEOUT_SECONDS = 60.0
"""A model may be learned before it is drawn."""


def opened(experiment: str, *, url: str | None, token: str | None) -> "Gallery":
    """Return the figures of an experiment, named by id or name. Raises PodiumError, and ImportError without plotly."""
    if find_spec("plotly") is None:
        raise ImportError('figures need plotly; install it with: pip install "podium[notebook]"')
    at = controller_url(url, os.environ)
    connect = partial(FigureClient, at, token=token or token_for(at, os.environ), timeout_seconds=TIMEOUT_SECONDS)
    with connect() as client:
        return Gallery(connect, client.find(experiment).id)


class Gallery(Mapping[str, "Figure"]):
    """The figures as they are at the moment of looking. Each look opens a connection and closes it.

    Raises PodiumError.
    """

    def __init__(self, connect: Callable[[], FigureClient], experiment_id: str) -> None:
        self._connect, self._experiment_id = connect, experiment_id

    def view(self, name: str, **view: str) -> "Figure":
        """Return a figure. `view` may name the `objective`, and the contour's `x` and `y`. Raises KeyError."""
        from plotly.io import from_json  # noqa: PLC0415  # a second of imports

        try:
            with self._connect() as client:
                drawn = client.figure(self._experiment_id, name, **view)
        except NotFound as error:
            raise KeyError(str(error)) from None
        return from_json(drawn, skip_invalid=True)  # the controller's plotly may be newer

    def __getitem__(self, name: str) -> "Figure":
        return self.view(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> list[str]:
        with self._connect() as client:
            return [figure.name for figure in client.figures(self._experiment_id)]
