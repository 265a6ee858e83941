"""What `PodiumClient` asks for runs that Podium does not start, in a file of its own."""

from typing import Protocol, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel

from podium.asked import Ask, Asked

Model = TypeVar("Model", bound=BaseModel)


class Asking(Protocol):
    """A client that sends requests and reads answers."""

    def _send(self, request: httpx2.Request) -> httpx2.Response: ...
    def _json(self, method: str, path: str, body: str) -> httpx2.Request: ...
    def _read(self, response: httpx2.Response, model: type[Model]) -> Model: ...


class AskMethods:
    """Every method raises PodiumError."""

    def ask(self: Asking, experiment_id: str, wish: Ask) -> Asked:
        """Take a run of an experiment with `trial: {external: true}`, if there is one; see `podium.asking`.

        It is not repeated: an answer that is lost is a run that nobody trains until its lease is over.
        """
        path = f"/experiments/{quote(experiment_id, safe='')}/suggestions"
        return self._read(self._send(self._json("POST", path, wish.model_dump_json())), Asked)
