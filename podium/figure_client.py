"""The client's questions about figures."""

from urllib.parse import quote

from podium.client import PodiumClient, path_of
from podium.wire import Figures, FigureTitle


class FigureClient(PodiumClient):
    """A client that also asks for an experiment's figures, which it does not draw."""

    def figures(self, experiment_id: str) -> list[FigureTitle]:
        """Return the names of the figures, each with what it shows."""
        return self._read(self._get(path_of(experiment_id, "figures")), Figures).figures

    def figure(self, experiment_id: str, name: str, **view: str) -> str:
        """Return a figure as plotly's JSON. `view` may choose the `objective`, and the contour's `x` and `y`."""
        return self._get(path_of(experiment_id, "figures", quote(name, safe="")), view).text
