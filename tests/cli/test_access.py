"""`podium tokens`, `projects` and `audit` against the real application; and whose token is sent where."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from controller.announcement import only_one
from controller.database import open_sessions
from podium.address import find_address, kept_token
from podium.cli.app import app
from tests.access.doors import BOOTSTRAP
from tests.builders import spec_document
from tests.cli.conftest import Podium
from tests.cli.served import serving
from tests.service import Service


@pytest.fixture
def real(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Podium]:
    """Run `podium ARGUMENTS` against a closed application, as whoever PODIUM_TOKEN belongs to."""
    service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=BOOTSTRAP)
    with TestClient(service.app), serving(service.app) as url:
        monkeypatch.setenv("PODIUM_URL", url)
        monkeypatch.setenv("PODIUM_TOKEN", BOOTSTRAP)

        def invoke(*arguments: str, typed: str | None = None) -> Result:
            return CliRunner().invoke(app, list(arguments), input=typed, catch_exceptions=False)

        yield invoke


def said(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    return str(result.stdout)


def test_a_token_is_made_used_listed_and_revoked(real: Podium, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert said(real("projects", "create", "vision")).startswith("project vision is there")
    made = real("tokens", "create", "ci", "--role", "editor", "--project", "vision")
    secret = said(made).strip()
    assert secret.startswith("podium_")
    assert "shown this once" in made.stderr
    assert secret not in made.stderr

    monkeypatch.setenv("PODIUM_TOKEN", secret)
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(spec_document()))
    experiment_id = said(real("run", str(file), "--detach")).strip()
    assert said(real("projects", "list")).splitlines()[1].split()[:2] == ["vision", "1"]
    refused = real("tokens", "list")
    assert (refused.exit_code, "needs the role admin, and yours is editor" in refused.stderr) == (1, True)
    wrong = real("run", str(file), "--detach", "--project", "default")
    assert (wrong.exit_code, "no project 'default'" in wrong.stderr) == (1, True)

    monkeypatch.setenv("PODIUM_TOKEN", BOOTSTRAP)
    assert experiment_id in said(real("ls", "--project", "vision"))
    assert experiment_id not in said(real("ls", "--project", "default"))
    [line] = said(real("tokens", "list")).splitlines()[1:]
    assert line.split()[1:4] == ["ci", "editor", "vision"]
    assert line.split()[-1] == "bootstrap"
    assert "ci, opens nothing any more" in said(real("tokens", "revoke", "ci"))
    assert said(real("tokens", "list")).splitlines()[1:] == []
    assert "revoked" in said(real("tokens", "list", "--all"))
    monkeypatch.setenv("PODIUM_TOKEN", secret)
    assert "it was revoked" in real("ls").stderr

    monkeypatch.setenv("PODIUM_TOKEN", BOOTSTRAP)
    trail = said(real("audit"))
    for action in ("project created", "token created", "experiment created", "token revoked"):
        assert action in trail
    of_one, last = said(real("audit", experiment_id)), said(real("audit", "--limit", "1"))
    assert ("experiment created" in of_one, "token" in of_one) == (True, False)
    assert ("token revoked" in last, "created" in last) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tokens", "create", "two words"), "name"),
        (("tokens", "create", "x", "--role", "king"), "king"),
        (("tokens", "create", "x", "--role", "admin", "--project", "default"), "an admin's token has no limits"),
        (("tokens", "create", "x", "--project", "none-such"), "the name of a project"),
        (("tokens", "revoke", "nobody"), "no token 'nobody'"),
        (("projects", "create", "Not A Name"), "name"),
    ],
)
def test_what_makes_no_sense_is_said(real: Podium, arguments: tuple[str, ...], told: str) -> None:
    result = real(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_the_token_of_a_controller_of_ones_own_goes_to_that_controller_alone(tmp_path: Path) -> None:
    (tmp_path / "controller.url").write_text("http://127.0.0.1:8080\n")
    assert kept_token("http://127.0.0.1:8080", tmp_path) is None
    (tmp_path / "admin_token").write_text("podium_own")
    here = {"PODIUM_STATE_DIR": str(tmp_path)}
    assert _token_for("http://127.0.0.1:8080", here) is None
    with only_one(tmp_path):
        for url in ("http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://localhost:8080", "http://[::1]:8080"):
            assert _token_for(url, here) == "podium_own", url
        for url in ("http://127.0.0.1:8081", "https://127.0.0.1:8080", "http://example.com:8080", "http://127.0.0.1"):
            assert _token_for(url, here) is None, url
        assert _token_for("http://example.com:8080", here | {"PODIUM_TOKEN": "given"}) == "given"
        assert _token_for("http://127.0.0.1:8080", here | {"PODIUM_TOKEN": "given"}) == "given"
        (tmp_path / "controller.url").write_text("http://example.com:8080\n")
        assert _token_for("http://127.0.0.1:8080", here) is None
    (tmp_path / "controller.url").write_text("http://127.0.0.1:8080\n")
    assert _token_for("http://127.0.0.1:8080", here) is None  # it is gone, and who listens there now is not known


def _token_for(url: str, environment: Mapping[str, str]) -> str | None:
    return find_address(url, None, environment).token


def test_whoami_tells_a_tokens_projects_and_its_end_and_a_revoked_one_that_it_opens_nothing(
    real: Podium, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for project in ("speech", "vision"):
        real("projects", "create", project)
    limits = ("--project", "vision", "--project", "speech")
    secret = said(real("tokens", "create", "ci", "--role", "editor", *limits)).strip()
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(spec_document()))
    monkeypatch.setenv("PODIUM_TOKEN", secret)
    told = said(real("whoami")).splitlines()
    assert told[2:4] == ["role        editor, as ci", "projects    speech, vision, and nothing else"]
    assert told[4].startswith("good until  20")
    unnamed = real("run", str(file), "--detach")
    assert (unnamed.exit_code, "one of speech, vision: `--project`" in unnamed.stderr) == (2, True)

    monkeypatch.setenv("PODIUM_TOKEN", BOOTSTRAP)
    real("tokens", "revoke", "ci")
    monkeypatch.setenv("PODIUM_TOKEN", secret)
    refused = real("ls")
    assert (refused.exit_code, "it was revoked" in refused.stderr) == (1, True)
    assert secret not in refused.stderr
    monkeypatch.delenv("PODIUM_TOKEN")
    assert "send the API's token" in real("ls").stderr


@pytest.mark.parametrize("typed", ["", "..", "../../tokens", "a b/ü?x#y"])
def test_what_can_be_nobodys_id_is_no_experiment(real: Podium, typed: str) -> None:
    refused = real("show", typed)
    assert (refused.exit_code, refused.stderr) == (1, f"podium: no experiment {typed!r}; `podium ls` lists them\n")


def test_the_trail_of_an_experiment_is_found_by_its_name_and_after_its_end(real: Podium, tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(spec_document(name="tiny")))
    experiment_id = said(real("run", str(file), "--detach")).strip()
    assert said(real("audit", "tiny")) == said(real("audit", experiment_id))
    assert "experiment created" in said(real("audit", "tiny"))
    real("stop", "tiny")
    real("delete", "tiny", "--yes")
    assert "experiment deleted" in said(real("audit", experiment_id))
    nobodys = real("audit", "nobody")
    assert (nobodys.exit_code, nobodys.stderr) == (1, "podium: no experiment 'nobody'; `podium ls` lists them\n")
