"""What is said where an MLflow server is none, or where its artifacts cannot be written; and whose a run is.

`make exports` asks a real server.
"""

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from podium.client import PodiumError
from podium.exporting.mlflow_answers import MlflowRun
from podium.exporting.mlflow_api import MlflowRefused, MlflowServer
from podium.exporting.mlflow_runs import children_of
from podium.exporting.mlflow_words import PARENT_TAG, TRIAL_TAG
from tests.cli.served import serving
from tests.exporting.test_tables import podium
from tests.service import Service


class Page(BaseHTTPRequestHandler):
    """Whatever it is asked, it answers this, as a proxy's page or another service does."""

    kind: ClassVar[str] = "text/html; charset=utf-8"
    body: ClassVar[bytes] = b"<html>Sign in</html>"
    signed: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.signed.append(self.headers.get("Authorization"))
        self.send_response(200)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET  # noqa: N815 - the standard library's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing: a test's output is its failures."""


@contextmanager
def answering(kind: str, body: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """Serve a page; yield its address, and by what each request signs in."""
    signed: list[str | None] = []
    handler = type("Handler", (Page,), {"kind": kind, "body": body, "signed": signed})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", signed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(
    params=[
        ("text/html", b"<html>Sign in</html>"),
        ("application/json", b"[]"),
        ("application/json", b"{}"),
        ("application/json", b'{"experiment": []}'),
        ("application/json", b'{"experiment": {"experiment_id": null}}'),
    ]
)
def stranger(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The address of a server that is not MLflow's, and the type of what it says."""
    kind, body = request.param
    with answering(kind, body) as (address, _):
        yield address, kind


def test_a_server_that_is_not_mlflows_is_told_in_one_line(service: Service, stranger: tuple[str, str]) -> None:
    address, kind = stranger
    experiment_id = service.create()
    with serving(service.app) as url:
        result = podium(url, "export", experiment_id, "--to", "mlflow", address)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        f"podium: what answers at {address} is no MLflow server: it said {kind} to /api/2.0/mlflow/experiments/"
    )
    assert "give the address of the tracking server" in result.stderr
    assert result.stderr.count("\n") == 1


def test_artifacts_that_cannot_be_written_name_the_place_and_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    run = MlflowRun(run_id="r", artifact_uri=f"file://{tmp_path}/taken/0/r/artifacts", tags={})
    with (
        MlflowServer("http://127.0.0.1:9", sleep=lambda seconds: None) as server,
        pytest.raises(MlflowRefused, match=r"taken/0/r/artifacts/experiment\.yaml, where http") as error,
    ):
        server.put_artifact(run, "experiment.yaml", b"")
    assert "cannot be written: Not a directory; have the server serve them" in str(error.value)
    assert "--no-artifacts" in str(error.value)


def a_run(identity: str, trial: str | None, parent: str | None) -> MlflowRun:
    tags = {TRIAL_TAG: trial, PARENT_TAG: parent}
    return MlflowRun(
        run_id=identity, artifact_uri="", tags={key: each for key, each in tags.items() if each is not None}
    )


def test_children_of_a_deleted_parent_are_known_and_of_two_the_parents_own_is() -> None:
    known = [a_run("new", None, None), a_run("b", "1", "new"), a_run("a", "1", "gone"), a_run("c", "2", "gone")]
    assert {number: run.run_id for number, run in children_of(known, "new").items()} == {"1": "b", "2": "c"}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://bob:s3cret@127.0.0.1:1", "no answer from MLflow at http://127.0.0.1:1: "),
        ("http://bob:s3cret%40@127.0.0.1:1/a@b/", "no answer from MLflow at http://127.0.0.1:1/a@b: "),
        ("ftp://bob:s3cret@host", "'ftp://host' is no address of an MLflow server"),
        ("bob:s3cret@host:5000", "'host:5000' is no address of an MLflow server"),
        ("http://bob:s3cret/x@host", "'http://host' is no address of an MLflow server; .* %2F, %3F, %23 for / "),
    ],
)
def test_no_message_holds_the_password_of_an_address(address: str, shown: str) -> None:
    with (
        pytest.raises(PodiumError, match=shown) as error,
        MlflowServer(address, sleep=lambda seconds: None) as server,
    ):
        server.experiment("digits")
    assert "bob" not in str(error.value)
    assert "s3cret" not in str(error.value)


def test_the_password_of_an_address_signs_in() -> None:
    body = b'{"experiment": {"experiment_id": "7"}}'
    with (
        answering("application/json", body) as (address, signed),
        MlflowServer(address.replace("http://", "http://bob:s3cret@")) as server,
    ):
        assert server.experiment("digits") == "7"
    assert signed == ["Basic " + b64encode(b"bob:s3cret").decode()]


def test_artifacts_at_an_address_with_a_password_are_told_without_it() -> None:
    run = MlflowRun(run_id="r", artifact_uri="ftp://bob:s3cret@host/0/r", tags={})
    with (
        MlflowServer("http://127.0.0.1:9", sleep=lambda seconds: None) as server,
        pytest.raises(MlflowRefused, match="lie in ftp://host/0/r, which podium cannot write"),
    ):
        server.put_artifact(run, "experiment.yaml", b"")


A_RUN = b'"info": {"run_id": "r", "artifact_uri": "file:///r"}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"runs": [{"data": {}}]}',
        b'{"runs": [{"info": []}]}',
        b'{"runs": [{"info": {"run_id": "r", "artifact_uri": null}}]}',
        b'{"runs": [{"data": {"tags": [7]}, ' + A_RUN + b"}]}",
        b'{"runs": 7}',
        b'{"runs": [], "next_page_token": 7}',
        b"[]",
    ],
)
def test_runs_of_another_shape_are_told_in_one_line(body: bytes) -> None:
    with (
        answering("application/json", body) as (address, _),
        MlflowServer(address) as server,
        pytest.raises(MlflowRefused, match=r"is no MLflow server: it said application/json to /api/2.0/mlflow/runs/"),
    ):
        list(server.runs("7", {}))


@pytest.mark.parametrize("value", [b"[]", b'"high"', b"null"])
def test_a_metric_of_another_shape_is_told_in_one_line(value: bytes) -> None:
    body = b'{"metrics": [{"key": "top1", "timestamp": 1, "value": ' + value + b"}]}"
    with (
        answering("application/json", body) as (address, _),
        MlflowServer(address) as server,
        pytest.raises(MlflowRefused, match=r"is no MLflow server: it said application/json to /api/2.0/mlflow/metrics"),
    ):
        list(server.history("r", "top1"))


def test_a_run_that_is_created_and_not_told_is_told_in_one_line() -> None:
    with (
        answering("application/json", b'{"run": {}}') as (address, _),
        MlflowServer(address) as server,
        pytest.raises(MlflowRefused, match=r"is no MLflow server: it said application/json to /api/2.0/mlflow/runs/"),
    ):
        server.create_run("7", "digits", {}, 0)
