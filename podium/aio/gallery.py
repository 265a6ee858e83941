"""An experiment's figures by their names: asked of the controller when they are looked at.

Needs plotly: pip install "podium[notebook]".
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from podium.aio.endpoints import AsyncPodiumClient
from podium.drawn import drawn, needs_plotly
from podium.refusal import NotFound

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class AsyncGallery:
    """The figures as they are at the moment of looking. Raises PodiumError, and ImportError without plotly."""

    def __init__(self, client: AsyncPodiumClient, experiment_id: str) -> None:
        needs_plotly()
        self._client, self._experiment_id = client, experiment_id

    async def view(self, name: str, **view: str) -> "Figure":
        """Return a figure. `view` may name the `objective`, and the contour's `x` and `y`. Raises KeyError."""
        try:
            return drawn(await self._client.figure(self._experiment_id, name, **view))
        except NotFound as error:
            raise KeyError(str(error)) from None

    async def names(self) -> list[str]:
        return [figure.name for figure in await self._client.figures(self._experiment_id)]

    async def __aiter__(self) -> AsyncIterator[str]:
        for name in await self.names():
            yield name
