"""What the service refuses, named after what went wrong for the caller.

Refusal
  NotFound            404   ExperimentNotFound, TrialNotFound, NoTrialYet, NoResults, NoCheckpoint, FigureNotFound,
                            WebhookNotFound, TokenNotFound, ProjectNotFound
  Conflict            409   AlreadyEnded, StillRunning, KeyReused, Superseded, NothingToStop, NothingToEvaluate,
                            OtherData, TooManyWebhooks, NotExternal, NameTaken
  Unauthorized        401   InvalidToken, TokenExpired
  Forbidden           403
  Invalid             422   InvalidSpec, InvalidRequest, ObjectiveMissing, MetricMissing
  BodyTooLarge        413
  UnsupportedMediaType  415
  TooMany             429
  FigureFailed        500
  Unavailable         503   DatabaseAway, ArtifactsAway, Busy
"""

from collections.abc import Sequence

from podium.fault import Fault


class Refusal(Exception):
    """A request that cannot be served. `status` is its HTTP status; the message names the thing and the remedy."""

    status = 400

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = list(faults)


class NotFound(Refusal):
    status = 404


class ExperimentNotFound(NotFound):
    pass


class TrialNotFound(NotFound):
    pass


class NoTrialYet(NotFound):
    pass


class NoResults(NotFound):
    pass


class NoCheckpoint(NotFound):
    pass


class FigureNotFound(NotFound):
    pass


class WebhookNotFound(NotFound):
    pass


class TokenNotFound(NotFound):
    pass


class ProjectNotFound(NotFound):
    pass


class Conflict(Refusal):
    status = 409


class AlreadyEnded(Conflict):
    pass


class StillRunning(Conflict):
    pass


class KeyReused(Conflict):
    pass


class Superseded(Conflict):
    pass


class NothingToStop(Conflict):
    pass


class NothingToEvaluate(Conflict):
    pass


class OtherData(Conflict):
    pass


class TooManyWebhooks(Conflict):
    pass


class NotExternal(Conflict):
    pass


class NameTaken(Conflict):
    pass


class Unauthorized(Refusal):
    status = 401


class InvalidToken(Unauthorized):
    pass


class TokenExpired(Unauthorized):
    pass


class Forbidden(Refusal):
    status = 403


class Invalid(Refusal):
    status = 422


class InvalidSpec(Invalid):
    pass


class InvalidRequest(Invalid):
    pass


class ObjectiveMissing(Invalid):
    pass


class MetricMissing(Invalid):
    pass


class BodyTooLarge(Refusal):
    status = 413


class UnsupportedMediaType(Refusal):
    status = 415


class TooMany(Refusal):
    """Too many requests; there is room for another after `wait_seconds`."""

    status = 429

    def __init__(self, detail: str, wait_seconds: float) -> None:
        super().__init__(detail)
        self.wait_seconds = wait_seconds


class FigureFailed(Refusal):
    status = 500


class Unavailable(Refusal):
    status = 503


class DatabaseAway(Unavailable):
    pass


class ArtifactsAway(Unavailable):
    pass


class Busy(Unavailable):
    pass
