"""HTTP to the Kubernetes API: JSON as it comes, a timeout on every request, errors in this package's words.

Answers are not made into the client's models: a list of a thousand Jobs would take seconds and hundreds of megabytes.
Nothing is retried here: whoever asks knows best when to ask again.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import urllib3
from kubernetes.client.api_client import ApiClient
from kubernetes.client.exceptions import ApiException
from kubernetes.client.rest import RESTResponse
from pydantic import BaseModel

from controller.cluster import ClusterAway

Json = Mapping[str, Any]
"""A document of the API; `documents` reads what little of it is needed."""
Query = Mapping[str, str | int]

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 60.0
CHUNK_BYTES = 64 * 1024
BUSY = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


class Unanswered(ClusterAway):
    """No answer, or none yet: the server is away, busy or being replaced."""

    def __init__(self, message: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Refused(Exception):
    """The server understood, and will not. The message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Stream:
    """An answer that goes on. Whoever opened it closes it; any thread may cut it short."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self._is_cut = False

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes as soon as it comes. Raises Unanswered when the connection breaks, or was cut."""
        try:
            for chunk in self._response.stream(CHUNK_BYTES):
                if self._is_cut:  # a TLS socket that was shut down gives its ciphertext as it comes
                    break
                yield chunk
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unanswered(f"the connection broke: {error}") from error
        if self._is_cut:
            raise Unanswered("the connection was cut")

    def lines(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def cut(self) -> None:
        """Make the thread that reads see the end at once."""
        self._is_cut = True
        with suppress(ValueError, RuntimeError, OSError):  # it has come to its end by itself
            self._response.shutdown()

    def close(self) -> None:
        self._response.close()


class Api:
    """The API as seen from one namespace. Every method raises Unanswered and Refused."""

    def __init__(self, client: ApiClient, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    def path(self, version: str, *names: str) -> str:
        """Return the path of something in the namespace: `path("batch/v1", "jobs", "a")`."""
        root = "api" if "/" not in version else "apis"
        return "/".join(("", root, version, "namespaces", self.namespace, *names))

    def get(self, path: str, query: Query | None = None) -> Json:
        return _document(self._ask("GET", path, query))

    def post(self, path: str, body: BaseModel) -> Json:
        return _document(self._ask("POST", path, body=body))

    def delete(self, path: str, options: BaseModel) -> None:
        _document(self._ask("DELETE", path, body=options))

    def stream(self, path: str, query: Query, *, read_seconds: float) -> Stream:
        """Open an answer that comes bit by bit; `read_seconds` is the longest silence in it."""
        return Stream(self._ask("GET", path, query, read_seconds=read_seconds).response)

    def close(self) -> None:
        self._client.rest_client.close()

    def _ask(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: BaseModel | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> RESTResponse:
        request = self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json, */*", "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = self._client.call_api(*request, _request_timeout=(CONNECT_SECONDS, read_seconds))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
            raise Unanswered(f"no answer from the API server: {cause}") from error
        except ApiException as error:  # the client's word for a TLS handshake that failed
            raise Unanswered(f"no connection to the API server: {error.reason}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _fault(response, method)
        return response


def _document(response: RESTResponse) -> Json:
    try:
        document = json.loads(response.response.data)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unanswered(f"the connection broke: {error}") from error
    except ValueError as error:
        raise Unanswered(f"an answer that is no JSON; is it the API server's? {error}") from error
    if not isinstance(document, Mapping):
        raise Unanswered("an answer that is no JSON object; is it the API server's?")
    return document


def _fault(response: RESTResponse, method: str) -> Unanswered | Refused:
    """Tell a server that is busy from one that will not.

    A 500 is about what was to be created (an admission webhook that fails), unless it says when to come back.
    """
    try:
        message = str(_document(response)["message"])
    except (Unanswered, KeyError):  # a proxy answered in its own words
        message = str(response.reason)
    is_refused = response.status not in BUSY or (
        method == "POST"
        and response.status == HTTPStatus.INTERNAL_SERVER_ERROR
        and "Retry-After" not in response.headers
    )
    if not is_refused:
        said = f"the API server answered {response.status}: {message}"
        return Unanswered(said, retry_after_seconds=_retry_after_seconds(response))
    return Refused(response.status, message)


def _retry_after_seconds(response: RESTResponse) -> float:
    """Read Retry-After in seconds; what is no number counts as not given."""
    try:
        seconds = float(response.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else 0.0
