"""What a client asks for runs that Podium does not start."""

from podium.aio.connection import AsyncConnection
from podium.asked import Ask, Asked
from podium.exchange import Named, path_of


class AsyncAskMethods(AsyncConnection):
    """Every method raises PodiumError."""

    async def ask(self, experiment_id: Named, wish: Ask) -> Asked:
        """Take a run of an experiment with `trial: {external: true}`, if there is one; see `podium.asking`.

        It is not repeated: an answer that is lost is a run that nobody trains until its lease is over.
        """
        request = self._json("POST", path_of(experiment_id, "suggestions"), wish.model_dump_json())
        return self._read(await self._send(request), Asked)
