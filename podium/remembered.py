"""Answers that were read before, under their tags: what has not changed since is neither sent nor read again."""

from dataclasses import dataclass, field

import httpx2
from pydantic import BaseModel

from podium.exchange import Model, read

NOT_MODIFIED = 304


@dataclass(slots=True)
class Remembered:
    """The last answer of each address. It holds all that is asked with it: make one for what is polled, and drop it."""

    _answers: dict[str, tuple[str, BaseModel]] = field(default_factory=dict)

    def ask(self, request: httpx2.Request) -> None:
        """Have a request ask only for what differs from the answer that is remembered, if one is."""
        known = self._answers.get(str(request.url))
        if known is not None:
            request.headers["If-None-Match"] = known[0]

    def read(self, response: httpx2.Response, model: type[Model]) -> Model:
        """Return what an answer says, or said before if it has not changed since. Raises UnexpectedAnswer."""
        address = str(response.request.url)
        if response.status_code == NOT_MODIFIED:
            _, answer = self._answers[address]
            assert isinstance(answer, model)
            return answer
        told = read(response, model)
        if "ETag" in response.headers:
            self._answers[address] = response.headers["ETag"], told
        else:
            self._answers.pop(address, None)
        return told


def is_unchanged(response: httpx2.Response) -> bool:
    """Say whether an answer is the 304 that its request asked for; one that nobody asked for is no answer."""
    return response.status_code == NOT_MODIFIED and "If-None-Match" in response.request.headers
