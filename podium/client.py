"""The API as Python: typed methods that return wire models, and errors that say what the server said.

    PodiumError
    ├── ServerUnreachable      no answer: refused, timed out, not an address
    ├── UnexpectedAnswer       an answer that is not Podium's, or that this version does not understand
    ├── AmbiguousName          several experiments have this name
    └── Refused                an answer with a Problem; `.problem` and `.status` hold it
        ├── NotAdmitted        401, 403: the token is missing, or not one that opens this
        ├── NotFound           404
        ├── Conflict           409
        ├── SpecRefused        422, with every fault in `.problem.faults`
        └── Unavailable        502, 503, 504: try again later

Only what is safe to repeat is repeated: reading, and creating under an Idempotency-Key.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_random,
)

from podium.ask_client import AskMethods
from podium.loopback import is_loopback
from podium.results import FOLDERS, Part, Summary
from podium.spec import ExperimentSpec
from podium.study_client import StudyMethods
from podium.taxonomy import ExperimentState
from podium.token_client import TokenMethods
from podium.webhook_client import WebhookMethods
from podium.wire import API_PREFIX, Attempt, Experiment, ExperimentChange, Front, Page, Problem, Run, Trial, TrialDetail

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")
Sleep = Callable[[float], None]
JSON = {"Content-Type": "application/json"}


class PodiumError(Exception):
    """Something between this process and the controller went wrong; the message is one sentence."""


class ServerUnreachable(PodiumError):
    """No answer came."""


class UnexpectedAnswer(PodiumError):
    """What answered is not a Podium controller, or one of another version."""


class AmbiguousName(PodiumError):
    """Several experiments have this name; the message lists their ids."""


class Refused(PodiumError):
    """The controller refused; the message is its explanation."""

    def __init__(self, problem: Problem, status: int) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.status = status


class NotAdmitted(Refused):
    """The controller wants another token."""


class NotFound(Refused):
    """There is no such thing."""


class Conflict(Refused):
    """The state of things does not allow it."""


class SpecRefused(Refused):
    """The request has faults; `problem.faults` holds every one."""


class Unavailable(Refused):
    """The controller cannot answer now, as while its database is away."""


REFUSALS: Mapping[int, type[Refused]] = {
    401: NotAdmitted,
    403: NotAdmitted,
    404: NotFound,
    409: Conflict,
    422: SpecRefused,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


class PodiumClient(StudyMethods, WebhookMethods, AskMethods, TokenMethods):
    """A connection to one controller, closed at the end of its `with` block.

    with PodiumClient("http://127.0.0.1:8080") as client:
        experiment = client.create(parse_spec(read_document(text)), idempotency_key=uuid4().hex)
        best = client.best(experiment.id)  # every method raises PodiumError
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_seconds: float = 10.0,
        transport: httpx2.BaseTransport | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        try:
            self._http = httpx2.Client(
                base_url=self.url,
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=timeout_seconds,
                transport=transport,
                trust_env=not is_loopback(httpx2.URL(self.url).host),  # a proxy reaches not our own loopback
            )
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise ServerUnreachable(f"{url!r} is not an http:// or https:// address: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def create(
        self, spec: ExperimentSpec, *, idempotency_key: str | None = None, project: str | None = None
    ) -> Experiment:
        """Create an experiment. With a key, a repeated call answers with the one that the first call made.

        It belongs to the project named, else to the only one that the token opens, else to `default`.
        """
        # What the user left out stays out: the controller fills in its own defaults, which may be newer.
        request = self._json("POST", created_in(project), spec.model_dump_json(exclude_unset=True))
        if idempotency_key is None:
            return self._read(self._send(request), Experiment)
        request.headers["Idempotency-Key"] = idempotency_key
        return self._read(self._repeat(request), Experiment)

    def experiments(
        self, *, state: ExperimentState | None = None, name: str | None = None, project: str | None = None
    ) -> Iterator[Experiment]:
        given = {"state": state, "name": name, "project": project}
        return self._pages("/experiments", Page[Experiment], {key: value for key, value in given.items() if value})

    def experiment(self, experiment_id: str) -> Experiment:
        return self._read(self._get(path_of(experiment_id)), Experiment)

    def find(self, id_or_name: str) -> Experiment:
        """Return the experiment with this id, else the only one with this name. Raises NotFound, AmbiguousName."""
        try:
            return self.experiment(id_or_name)
        except NotFound:
            named = [found for found in self.experiments(name=id_or_name) if found.name == id_or_name]
            if not named:
                raise
        if len(named) > 1:
            ids = ", ".join(experiment.id for experiment in named)
            raise AmbiguousName(f"{len(named)} experiments are named {id_or_name}; name one by its id: {ids}")
        return named[0]

    def change(self, experiment_id: str, change: ExperimentChange) -> Experiment:
        request = self._json("PATCH", path_of(experiment_id), change.model_dump_json(exclude_unset=True))
        return self._read(self._send(request), Experiment)

    def pause(self, experiment_id: str) -> Experiment:
        """Start nothing new; runs in flight finish."""
        return self._read(self._post(path_of(experiment_id, "pause")), Experiment)

    def resume(self, experiment_id: str) -> Experiment:
        return self._read(self._post(path_of(experiment_id, "resume")), Experiment)

    def stop(self, experiment_id: str) -> Experiment:
        """End the experiment for good; its results stay."""
        return self._read(self._post(path_of(experiment_id, "stop")), Experiment)

    def delete(self, experiment_id: str) -> None:
        """Delete an experiment and its results. Raises Conflict while it runs."""
        self._send(self._http.build_request("DELETE", API_PREFIX + path_of(experiment_id)))

    def trials(self, experiment_id: str) -> Iterator[Trial]:
        return self._pages(path_of(experiment_id, "trials"), Page[Trial], {})

    def trial(self, experiment_id: str, number: int) -> TrialDetail:
        return self._read(self._get(path_of(experiment_id, "trials", number)), TrialDetail)

    def results(self, experiment_id: str, number: int, *, part: Part = "validation") -> Summary:
        return self._read(self._get(path_of(experiment_id, "trials", number, FOLDERS[part])), Summary)

    def result_file(self, experiment_id: str, number: int, name: str, *, part: Part = "validation") -> bytes:
        return self._get(path_of(experiment_id, "trials", number, FOLDERS[part], name)).content

    def stop_trial(self, experiment_id: str, number: int) -> Trial:
        """Have a running trial stop at its next report; its result stays and it is not promoted.

        The answer is the trial as it is now, still running. Raises Conflict when it does not run.
        """
        return self._read(self._post(path_of(experiment_id, "trials", number, "stop")), Trial)

    def trials_csv(self, experiment_id: str) -> str:
        return self._get(path_of(experiment_id, "trials.csv")).text

    def runs(self, experiment_id: str) -> Iterator[Run]:
        return self._pages(path_of(experiment_id, "runs"), Page[Run], {})

    def attempts(self, experiment_id: str) -> Iterator[Attempt]:
        return self._pages(path_of(experiment_id, "attempts"), Page[Attempt], {})

    def best(self, experiment_id: str) -> Trial:
        """Return the best trial at full fidelity. Raises NotFound before there is one."""
        return self._read(self._get(path_of(experiment_id, "best")), Trial)

    def front(self, experiment_id: str) -> list[Trial]:
        """Return the trials that none beats in every objective, the best by the first one first."""
        return self._read(self._get(path_of(experiment_id, "front")), Front).trials

    def is_ready(self) -> bool:
        """Say whether the controller answers and has its database. Never raises for an answer that did not come."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def _pages(self, path: str, page: type[Page[Item]], params: Mapping[str, str]) -> Iterator[Item]:
        cursor: dict[str, str] = {}
        while True:
            part = self._read(self._get(path, {**params, **cursor}), page)
            yield from part.items
            if part.next_cursor is None:
                return
            cursor = {"cursor": part.next_cursor}

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> httpx2.Response:
        return self._repeat(self._http.build_request("GET", API_PREFIX + path, params=params))

    def _post(self, path: str) -> httpx2.Response:
        return self._send(self._http.build_request("POST", API_PREFIX + path))

    def _json(self, method: str, path: str, body: str) -> httpx2.Request:
        return self._http.build_request(method, API_PREFIX + path, content=body, headers=JSON)

    def _repeat(self, request: httpx2.Request) -> httpx2.Response:
        """Send what is safe to send twice, a few times over about a second, never longer than one timeout."""
        return Retrying(
            retry=retry_if_exception_type((ServerUnreachable, Unavailable)),
            wait=wait_exponential(multiplier=0.1, max=1.0) + wait_random(0.0, 0.1),
            stop=stop_after_attempt(4) | stop_after_delay(self._timeout_seconds),
            sleep=self._sleep,
            reraise=True,
        )(self._send, request)

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = self._http.send(request)
        except httpx2.TimeoutException:
            raise ServerUnreachable(f"{self.url} did not answer within {self._timeout_seconds:g} s") from None
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL):
            raise ServerUnreachable(f"{self.url!r} is not an http:// or https:// address") from None
        except httpx2.RequestError as error:
            raise ServerUnreachable(f"nothing answers at {self.url}: {error or type(error).__name__}") from None
        if response.is_success:
            return response
        raise self._refusal(response)

    def _refusal(self, response: httpx2.Response) -> PodiumError:
        kind = REFUSALS.get(response.status_code, Refused)
        try:
            return kind(Problem.model_validate_json(response.content), response.status_code)
        except ValidationError:
            if kind is Unavailable:  # a proxy before the controller answers for it, in its own words
                detail = f"{self.url} is not available now ({response.status_code})"
                return Unavailable(Problem(error="Unavailable", detail=detail), response.status_code)
            asked = f"{response.request.method} {response.request.url}"
            return UnexpectedAnswer(f"{asked} answered {response.status_code}, and not as a Podium controller does")

    def _read(self, response: httpx2.Response, model: type[Model]) -> Model:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole body"
            raise UnexpectedAnswer(
                f"{response.request.url} answered what this version of podium cannot read (at {where}); "
                "is it a Podium controller of the same version?"
            ) from None


def created_in(project: str | None) -> str:
    return "/experiments" if project is None else f"/experiments?project={quote(project, safe='')}"


def path_of(experiment_id: str, *steps: str | int) -> str:
    """Return the path of an experiment, or of something in it, whatever the user typed as its id."""
    return "/".join(("/experiments", quote(experiment_id, safe="").replace(".", "%2E"), *map(str, steps)))
