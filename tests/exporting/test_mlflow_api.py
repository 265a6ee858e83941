"""What is said where an MLflow server is none, or where its artifacts cannot be written; and whose a run is.

`make exports` asks a real server.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from podium.exporting.mlflow_api import MlflowRefused, MlflowRun, MlflowServer
from podium.exporting.mlflow_runs import children_of
from podium.exporting.mlflow_words import PARENT_TAG, TRIAL_TAG
from tests.cli.served import serving
from tests.exporting.test_tables import podium
from tests.service import Service


class Page(BaseHTTPRequestHandler):
    """Whatever it is asked, it answers this, as a proxy's page or another service does."""

    kind: ClassVar[str] = "text/html; charset=utf-8"
    body: ClassVar[bytes] = b"<html>Sign in</html>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET  # noqa: N815 - the standard library's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing: a test's output is its failures."""


@pytest.fixture(
    params=[("text/html", b"<html>Sign in</html>"), ("application/json", b"[]"), ("application/json", b"{}")]
)
def stranger(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The address of a server that is not MLflow's, and the type of what it says."""
    kind, body = request.param
    handler = type("Handler", (Page,), {"kind": kind, "body": body})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind
    server.shutdown()
    server.server_close()
    thread.join()


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
