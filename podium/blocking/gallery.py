"""An experiment's figures in a notebook, by their names: asked of the controller when they are looked at.

    figures = podium.figures("digits-k3f9")
    list(figures)                               # ['history', 'learning-curves', ...]
    figures["history"]                          # a plotly Figure, which a notebook draws
    figures.view("contour", x="learning_rate")  # what of a figure is looked at may be chosen

Needs plotly: pip install "podium[notebook]".
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from podium.blocking.endpoints import PodiumClient
from podium.drawn import drawn, needs_plotly
from podium.refusal import NotFound

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class Gallery(Mapping[str, "Figure"]):
    """The figures as they are at the moment of looking. Raises PodiumError, and ImportError without plotly."""

    def __init__(self, client: PodiumClient, experiment_id: str) -> None:
        needs_plotly()
        self._client, self._experiment_id = client, experiment_id

    def view(self, name: str, **view: str) -> "Figure":
        """Return a figure. `view` may name the `objective`, and the contour's `x` and `y`. Raises KeyError."""
        try:
            return drawn(self._client.figure(self._experiment_id, name, **view))
        except NotFound as error:
            raise KeyError(str(error)) from None

    def names(self) -> list[str]:
        return [figure.name for figure in self._client.figures(self._experiment_id)]

    def __getitem__(self, name: str) -> "Figure":
        return self.view(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())
