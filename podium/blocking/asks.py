# Made from podium/aio/asks.py by `make sdk`; change it there.
"""What a client asks for runs that Podium does not start."""

from podium.asked import Ask, Asked
from podium.blocking.connection import Connection
from podium.exchange import Named, path_of


class AskMethods(Connection):
    """Every method raises PodiumError."""

    def ask(self, experiment_id: Named, wish: Ask) -> Asked:
        """Take a run of an experiment with `trial: {external: true}`, if there is one; see `podium.asking`.

        It is not repeated: an answer that is lost is a run that nobody trains until its lease is over.
        """
        request = self._json("POST", path_of(experiment_id, "suggestions"), wish.model_dump_json())
        return self._read(self._send(request), Asked)
