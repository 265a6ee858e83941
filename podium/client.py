"""The API as Python, under the names that everyone imports. The error tree is drawn in `podium.refusal`.

`Client` finds the controller by itself; `PodiumClient`, which it is a kind of, is told the address and the token.
Only what is safe to repeat is repeated: reading, creating under an Idempotency-Key, and of the rest what surely was not
done: what was refused with 429, and what found no connection.
"""

from podium.blocking.client import Client
from podium.blocking.endpoints import PodiumClient
from podium.exchange import path_of
from podium.refusal import (
    AmbiguousName,
    Conflict,
    NotAdmitted,
    NotConnected,
    NotFound,
    PodiumError,
    Refused,
    ServerUnreachable,
    SpecRefused,
    StillRunning,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    UnusableToken,
)

__all__ = [
    "AmbiguousName",
    "Client",
    "Conflict",
    "NotAdmitted",
    "NotConnected",
    "NotFound",
    "PodiumClient",
    "PodiumError",
    "Refused",
    "ServerUnreachable",
    "SpecRefused",
    "StillRunning",
    "TooManyRequests",
    "Unavailable",
    "UnexpectedAnswer",
    "UnusableToken",
    "path_of",
]
