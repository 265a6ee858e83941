"""What a cluster is called where people read on which one a trial was trained: by the version of its API server."""

from controller.kubernetes.api import Api, Refused, Unanswered

UNKNOWN = "Kubernetes"


class ServerName:
    """Asks once. A server that is upgraded meanwhile keeps the name until the controller starts anew."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: str | None = None

    def __call__(self) -> str:
        """Return the name. Raises nothing: where no answer comes now, it is asked for again with the next Job."""
        if self._known is None:
            try:
                self._known = f"{UNKNOWN} {self._api.get('/version')['gitVersion']}"
            except Unanswered:
                return UNKNOWN
            except (Refused, KeyError):  # it keeps that to itself, and will
                self._known = UNKNOWN
        return self._known
