"""`podium doctor` against the real application: what is well, what is broken, and what to do."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from typer.testing import Result

from controller.database import open_sessions
from controller.diagnosis import DatabaseFacts, findings
from controller.leader_name import LastPass, last_pass_in, name_of
from controller.leadership import LOCK_KEY
from podium.cli.doctor import skew, transport
from podium.diagnosis import Diagnosis, Verdict
from tests.access.doors import BOOTSTRAP
from tests.cli.conftest import Podium
from tests.cli.served import serving
from tests.cli.stand_in import World
from tests.service import Service

NOW = datetime(2026, 11, 27, 4, 10, tzinfo=UTC)


@contextmanager
def led(engine: Engine) -> Iterator[None]:
    """Hold the reconciler's lock, as the process does that reconciles."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        yield


@pytest.fixture
def closed(engine: Engine, tmp_path: Path, podium: Podium, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a closed application to `podium`, whose token opens all of it; yield its artifact store."""
    store = tmp_path / "artifacts"
    store.mkdir()
    service = Service(engine, open_sessions(engine), artifacts=store, admin_token=BOOTSTRAP)
    with TestClient(service.app), serving(service.app) as url:
        monkeypatch.setenv("PODIUM_URL", url)
        monkeypatch.setenv("PODIUM_TOKEN", BOOTSTRAP)
        yield store


def verdicts(result: Result) -> dict[str, Verdict]:
    told = Diagnosis.model_validate(json.loads(result.stdout))
    assert all(finding.remedy for finding in told.findings if finding.verdict is Verdict.FAILED)
    return {finding.name: finding.verdict for finding in told.findings}


def test_all_is_well(closed: Path, podium: Podium, engine: Engine) -> None:
    with led(engine):
        result = podium("doctor", "-o", "json")
    assert result.exit_code == 0, result.stdout
    found = verdicts(result)
    # the API's description takes seconds to make, the first time and on a busy machine: then the version is not told
    assert found.pop("version") in {Verdict.OK, Verdict.UNKNOWN}
    assert found.pop("cluster") is Verdict.UNKNOWN
    looked_at = ("address", "transport", "controller", "token", "database", "reconciler", "artifacts", "images", "room")
    assert found == dict.fromkeys(looked_at, Verdict.OK)


def test_what_is_broken_fails_the_command_and_has_a_remedy(closed: Path, podium: Podium) -> None:
    shutil.rmtree(closed)
    closed.write_text("a file where a folder should be")
    result = podium("doctor", "-o", "json")
    found = verdicts(result)
    assert result.exit_code == 1
    assert (found["reconciler"], found["artifacts"]) == (Verdict.FAILED, Verdict.FAILED)
    shown = podium("doctor").stdout
    assert "start podium-controller reconcile" in shown
    assert "reconciler" in podium("doctor", "-q").stdout.split()


def test_a_wrong_token_is_told_from_no_controller(
    closed: Path, podium: Podium, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_TOKEN", "podium_wrong")
    result = podium("doctor", "-o", "json")
    assert (result.exit_code, verdicts(result)["controller"], verdicts(result)["token"]) == (1, "ok", "failed")
    away = podium("doctor", "-o", "json", "--url", "http://127.0.0.1:9")
    assert (away.exit_code, verdicts(away)["controller"]) == (1, "failed")
    assert "token" not in verdicts(away)


def test_who_is_no_admin_sees_ones_own_part(closed: Path, podium: Podium, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = podium("tokens", "create", "reader", "-q").stdout.strip()
    monkeypatch.setenv("PODIUM_TOKEN", secret)
    result = podium("doctor", "-o", "json")
    assert (result.exit_code, verdicts(result)["installation"]) == (0, "unknown")


def test_a_controller_without_a_doctor_is_no_crash(world: World, podium: Podium) -> None:
    result = podium("doctor")
    assert "Traceback" not in result.output
    assert result.exit_code == 1


def test_images_and_room_are_told_apart() -> None:
    waiting = ["Unschedulable: 0/3 nodes have a GPU", "ImagePullBackOff: no such image", "ErrImagePull: denied"]
    facts = DatabaseFacts(server="18", is_led=True, last_pass=None, now=NOW, waiting=waiting)
    told = {finding.name: finding for finding in findings(facts, "PermissionError: no")}
    assert (told["images"].verdict, told["room"].verdict) == (Verdict.FAILED, Verdict.WARNING)
    assert told["images"].found == "2 wait for an image; the latest: ImagePullBackOff: no such image"
    assert told["room"].found == "1 wait; the latest: Unschedulable: 0/3 nodes have a GPU"
    assert "PermissionError: no" in told["artifacts"].found


@pytest.mark.parametrize(("seconds", "verdict"), [(12, Verdict.OK), (320, Verdict.OK), (340, Verdict.FAILED)])
def test_a_reconciler_whose_passes_do_not_end_has_failed(seconds: int, verdict: Verdict) -> None:
    last = LastPass(ended_at=NOW - timedelta(seconds=seconds), due_seconds=30.0)
    facts = DatabaseFacts(server="18", is_led=True, last_pass=last_pass_in(name_of(last)), now=NOW, waiting=[])
    [found] = [finding for finding in findings(facts, None) if finding.name == "reconciler"]
    assert found.verdict is verdict
    assert f"its last pass ended {seconds} s ago" in found.found
    assert bool(found.remedy) is (verdict is Verdict.FAILED)


@pytest.mark.parametrize(
    "name", [None, "", "psql", name_of(None), "podium reconciler, passed 2026-99-99T99:99:99Z, due in 3 s"]
)
def test_a_connection_of_another_name_tells_of_no_pass(name: str | None) -> None:
    assert last_pass_in(name) is None


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("https://podium.example.com", Verdict.OK),
        ("http://127.0.0.1:8080", Verdict.OK),
        ("http://podium.example.com", Verdict.WARNING),
    ],
)
def test_a_token_in_the_clear_is_worth_a_warning(url: str, verdict: Verdict) -> None:
    assert transport(url).verdict is verdict


def test_one_minor_version_goes_together() -> None:
    assert skew("1.2.3", "1.2.0").verdict is Verdict.OK
    assert skew("1.3.0", "1.2.0").verdict is Verdict.WARNING
    assert skew(None, "1.2.0").verdict is Verdict.UNKNOWN
