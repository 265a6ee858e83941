"""MLflow's REST API, as far as an export needs it: https://mlflow.org/docs/latest/rest-api.html.

The API is versioned and documented, and any client may speak it; MLflow's own package would bring its pins of a score
of other packages into whatever environment `podium` is installed in (docs/decisions/0027).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx2
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from podium import whole_file
from podium.client import PodiumError
from podium.exporting.mlflow_answers import (
    OTHER_SHAPE,
    MlflowRun,
    read_experiment,
    read_metric,
    read_object,
    read_page,
    read_run,
    read_text,
)
from podium.exporting.mlflow_words import Metric, Status
from podium.exporting.shown_address import without_any_user, without_user
from podium.loopback import is_loopback

T = TypeVar("T")
API = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
MOST_METRICS, MOST_NAMED = 800, 100
"""Of one log-batch: it takes 1,000 entities, 100 of them parameters and 100 tags."""
PASSING = {408, 425, 429, 500, 502, 503, 504}
TIMEOUT_SECONDS = 60.0
SERVE = "have the server serve them (--serve-artifacts), or leave them out with --no-artifacts"


class MlflowRefused(PodiumError):
    """The MLflow server did not do what it was asked; the message says what it said."""


class NotAServer(PodiumError):
    """What is given is no address of an MLflow server."""


class _NotNow(MlflowRefused):
    """It may do it later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How MLflow's own client signs in: MLFLOW_TRACKING_TOKEN, or a user with a password."""

    token: str | None = None
    username: str | None = None
    password: str | None = None


class MlflowServer:
    """A tracking server, closed at the end of its `with` block. Every method raises MlflowRefused.

    Raises NotAServer for what is no http:// or https:// address.
    """

    def __init__(
        self,
        uri: str,
        credentials: Credentials = Credentials(),
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        host = _host(uri)
        self.shown = without_user(uri.rstrip("/"))
        """The address for messages: the one that is given may hold a password."""
        self._sleep, self._is_local = sleep, is_loopback(host)
        user, password, token = credentials.username, credentials.password, credentials.token
        self._http = httpx2.Client(
            base_url=uri.rstrip("/"),
            auth=(user, password or "") if user is not None else None,
            headers={"Authorization": f"Bearer {token}"} if token and user is None else {},
            timeout=TIMEOUT_SECONDS,
            trust_env=not self._is_local,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def experiment(self, name: str) -> str:
        """Return the id of the experiment of this name, which is created if there is none."""
        try:
            found, is_deleted = self._call("GET", "experiments/get-by-name", {"experiment_name": name}, read_experiment)
        except MlflowRefused as error:
            if "RESOURCE_DOES_NOT_EXIST" not in str(error):
                raise
            return self._call(
                "POST", "experiments/create", {"name": name}, lambda body: read_text(body["experiment_id"])
            )
        if is_deleted:
            raise MlflowRefused(
                f"the experiment {name!r} is deleted at {self.shown}; restore it there, or give another "
                "--experiment-name"
            )
        return found

    def runs(self, experiment: str, tags: Mapping[str, str]) -> Iterator[MlflowRun]:
        """Yield the runs that have these tags and are not deleted. Values must hold no quotes."""
        asked: dict[str, Any] = {  # Any: JSON
            "experiment_ids": [experiment],
            "filter": " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items()),
            "max_results": 1000,
        }
        while True:
            found, asked["page_token"] = self._call("POST", "runs/search", asked, partial(read_page, "runs", read_run))
            yield from found
            if not asked["page_token"]:
                return

    def create_run(self, experiment: str, name: str, tags: Mapping[str, str], start_time: int) -> MlflowRun:
        """Create a run with its tags, in one step. It is not tried again: the answer may be all that was lost."""
        asked = {"experiment_id": experiment, "run_name": name, "start_time": start_time, "tags": _pairs(tags)}
        return self._once("POST", "runs/create", asked, lambda body: read_run(body["run"]))

    def update_run(self, run_id: str, *, name: str, status: Status, end_time: int | None) -> None:
        """Tell how a run stands. None leaves the end time that it has; 0 takes it away."""
        asked: dict[str, Any] = {"run_id": run_id, "run_name": name, "status": status}  # Any: JSON
        self._call("POST", "runs/update", asked | ({} if end_time is None else {"end_time": end_time}), read_object)

    def log(
        self, run_id: str, *, params: Mapping[str, str], metrics: Sequence[Metric], tags: Mapping[str, str]
    ) -> None:
        """Log as much as there is, in as few requests as it takes, tags with the last one.

        Of one request the server stores parameters and metrics before tags.
        """
        points = [
            {"key": each.key, "value": each.value, "timestamp": each.timestamp, "step": each.step} for each in metrics
        ]
        for some in _parts(_pairs(params), MOST_NAMED):
            first, points = points[:MOST_METRICS], points[MOST_METRICS:]
            is_all = not points and len(params) <= MOST_NAMED and len(tags) <= MOST_NAMED
            asked = {"run_id": run_id, "params": some, "metrics": first, "tags": _pairs(tags) if is_all else []}
            self._call("POST", "runs/log-batch", asked, read_object)
            if is_all:
                return
        for part in _parts(points, MOST_METRICS):
            self._call("POST", "runs/log-batch", {"run_id": run_id, "metrics": part}, read_object)
        for part in _parts(_pairs(tags), MOST_NAMED):
            self._call("POST", "runs/log-batch", {"run_id": run_id, "tags": part}, read_object)

    def delete_tag(self, run_id: str, key: str) -> None:
        self._call("POST", "runs/delete-tag", {"run_id": run_id, "key": key}, read_object)

    def history(self, run_id: str, key: str) -> Iterator[Metric]:
        """Yield all values of a metric that the run has."""
        asked: dict[str, Any] = {"run_id": run_id, "metric_key": key, "max_results": 25_000}  # Any: JSON
        while True:
            read = partial(read_page, "metrics", read_metric)
            found, asked["page_token"] = self._call("GET", "metrics/get-history", asked, read)
            yield from found
            if not asked["page_token"]:
                return

    def put_artifact(self, run: MlflowRun, path: str, content: bytes) -> None:
        """Store a file with a run, in place of one of this name: through the server, or where it says."""
        root = urlsplit(run.artifact_uri)
        if root.scheme == "mlflow-artifacts":
            where = ARTIFACTS + quote(f"{root.path.strip('/')}/{path}")
            self._retried(lambda: self._send(self._http.build_request("PUT", where, content=content)))
        elif root.scheme in ("s3", "gs") or (root.scheme in ("file", "") and self._is_local):
            self._write_artifact(f"{run.artifact_uri.rstrip('/')}/{path}", content)
        else:
            raise MlflowRefused(
                f"artifacts of {self.shown} lie in {without_user(run.artifact_uri)}, which podium cannot write; {SERVE}"
            )

    def _write_artifact(self, url: str, content: bytes) -> None:
        try:
            whole_file.write_with_patience(url, content, sleep=self._sleep)
        except Exception as error:  # a storage raises what it likes: botocore's errors are no OSErrors
            why = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
            raise MlflowRefused(
                f"{url}, where {self.shown} has its artifacts, cannot be written: {why}; {SERVE}"
            ) from error

    def _call(self, method: str, what: str, asked: Mapping[str, Any], read: Callable[[Any], T]) -> T:  # Any: JSON
        return self._retried(lambda: self._once(method, what, asked, read))

    def _retried(self, ask: Callable[[], T]) -> T:
        retrying = Retrying(
            retry=retry_if_exception_type(_NotNow),
            wait=wait_random_exponential(multiplier=0.2, max=5.0),
            stop=stop_after_attempt(5),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(ask)

    def _once(self, method: str, what: str, asked: Mapping[str, Any], read: Callable[[Any], T]) -> T:  # Any: JSON
        """Ask; return what is read from the answer."""
        form: dict[str, Any] = {"params": dict(asked)} if method == "GET" else {"json": asked}  # Any: httpx's
        response = self._send(self._http.build_request(method, API + what, **form))
        try:
            return read(read_object(response.json()))
        except OTHER_SHAPE:
            kind = response.headers.get("Content-Type", "nothing").partition(";")[0]
            raise MlflowRefused(
                f"what answers at {self.shown} is no MLflow server: it said {kind} to {response.url.path}, and not "
                "what MLflow says; give the address of the tracking server, and what signs in where a page asks for "
                "that"
            ) from None

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = self._http.send(request)
        except httpx2.RequestError as error:
            raise _NotNow(f"no answer from MLflow at {self.shown}: {str(error) or type(error).__name__}") from None
        if response.is_success:
            return response
        kind = _NotNow if response.status_code in PASSING else MlflowRefused
        raise kind(f"MLflow at {self.shown} answered {response.status_code} to {request.url.path}: {_said(response)}")


def _host(uri: str) -> str:
    """Return the host of a server's address. Raises NotAServer."""
    try:
        url = httpx2.URL(uri)
        if url.scheme in ("http", "https") and url.host:
            return url.host
    except (httpx2.InvalidURL, ValueError):  # what they say may hold a part of a password
        pass
    escaped = ", and %2F, %3F, %23 for / ? # in a password" if "@" in uri else ""
    raise NotAServer(
        f"{without_any_user(uri)!r} is no address of an MLflow server; write http://HOST:PORT or https://…{escaped}"
    )


def _said(response: httpx2.Response) -> str:
    try:
        body = response.json()
        return f"{body['error_code']}: {body['message']}"
    except (ValueError, KeyError, TypeError):
        return response.text[:200].strip() or response.reason_phrase


def _pairs(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in named.items()]


def _parts(items: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), most):
        yield items[first : first + most]
