"""What a client asks about the installation."""

from podium.aio.connection import AsyncConnection
from podium.diagnosis import Diagnosis


class AsyncDiagnosisMethods(AsyncConnection):
    """Every method raises PodiumError."""

    async def diagnosis(self) -> Diagnosis:
        """Return what is well and what is not, as the controller sees it; an admin's token is needed."""
        return self._read(await self._get("/doctor"), Diagnosis)
