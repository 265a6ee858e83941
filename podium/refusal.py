"""What may go wrong between a client and the controller.

PodiumError
├── ServerUnreachable      no answer: timed out, broken off, not an address
│   └── NotConnected       no connection either: nothing was sent
├── UnexpectedAnswer       an answer that is not Podium's, or that this version does not understand
├── UnusableToken          a token that no request can carry; nothing was sent
├── AmbiguousName          several experiments have this name
├── StillRunning           waiting took longer than it was to; also a TimeoutError
└── Refused                an answer with a Problem; `.problem` and `.status` hold it
    ├── NotAdmitted        401, 403: the token is missing, or not one that opens this
    ├── NotFound           404
    ├── Conflict           409
    ├── SpecRefused        422, with every fault in `.problem.faults`
    ├── TooManyRequests    429: ask less often
    └── Unavailable        502, 503, 504: try again later
"""

from collections.abc import Mapping

from podium.wire import Problem


class PodiumError(Exception):
    """Something between this process and the controller went wrong; the message is one sentence."""


class ServerUnreachable(PodiumError):
    """No answer came."""


class NotConnected(ServerUnreachable):
    """No connection was made. Nothing was sent, and nothing was done."""


class UnexpectedAnswer(PodiumError):
    """What answered is not a Podium controller, or one of another version."""


class UnusableToken(PodiumError):
    """The token has characters that no header may have. The message says nothing of it."""


class AmbiguousName(PodiumError):
    """Several experiments have this name; the message lists their ids."""


class StillRunning(PodiumError, TimeoutError):
    """The experiment was not at rest in time. It goes on."""


class Refused(PodiumError):
    """The controller refused; the message is its explanation."""

    def __init__(self, problem: Problem, status: int, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        """How long the controller asks to be left alone; 0 where it does not."""


class NotAdmitted(Refused):
    """The controller wants another token."""


class NotFound(Refused):
    """There is no such thing."""


class Conflict(Refused):
    """The state of things does not allow it."""


class SpecRefused(Refused):
    """The request has faults; `problem.faults` holds every one."""

    def __str__(self) -> str:
        return "\n".join([self.problem.detail, *(f"  {fault}" for fault in self.problem.faults)])


class TooManyRequests(Refused):
    """The controller is asked too often. Nothing was done."""


class Unavailable(Refused):
    """The controller cannot answer now, as while its database is away."""


REFUSALS: Mapping[int, type[Refused]] = {
    401: NotAdmitted,
    403: NotAdmitted,
    404: NotFound,
    409: Conflict,
    422: SpecRefused,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
