"""What a client asks about figures, which it does not draw."""

from urllib.parse import quote

from podium.aio.connection import AsyncConnection
from podium.exchange import Named, path_of
from podium.wire import Figures, FigureTitle

DRAWING_SECONDS = 60.0
"""A model may be learned before it is drawn."""


class AsyncFigureMethods(AsyncConnection):
    """Every method raises PodiumError."""

    async def figures(self, experiment_id: Named) -> list[FigureTitle]:
        """Return the names of the figures, each with what it shows."""
        return self._read(await self._get(path_of(experiment_id, "figures")), Figures).figures

    async def figure(self, experiment_id: Named, name: str, **view: str) -> str:
        """Return a figure as plotly's JSON. `view` may choose the `objective`, and the contour's `x` and `y`."""
        path = path_of(experiment_id, "figures", quote(name, safe=""))
        return (await self._get(path, view, timeout_seconds=max(DRAWING_SECONDS, self._timeout_seconds))).text
