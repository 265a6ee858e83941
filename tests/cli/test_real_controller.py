"""The commands against the real application on a real database: only its cluster is a fake, and no Job runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from podium.cli.app import app
from tests.builders import spec_document
from tests.cli.conftest import Podium
from tests.cli.served import serving
from tests.service import Service

BASELINE = {"learning_rate": 0.1, "batch_size": 64, "nesterov": True}


@pytest.fixture
def real(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Podium]:
    """Run `podium ARGUMENTS --url` in this process, against the application."""
    monkeypatch.delenv("COLUMNS", raising=False)
    with serving(service.app) as url:

        def invoke(*arguments: str, typed: str | None = None) -> Result:
            return CliRunner().invoke(app, [*arguments, "--url", url], input=typed, catch_exceptions=False)

        yield invoke


@pytest.fixture
def identity(real: Podium, service: Service, tmp_path: Path) -> str:
    """An experiment that `podium run --detach` made, its baseline's Job created."""
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(spec_document(baseline=BASELINE, parallelism=1)))
    result = real("run", str(file), "--detach")
    assert result.exit_code == 0, result.stderr
    service.settle()
    return result.stdout.strip()


def said(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    return str(result.stdout)


def refused(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    return str(result.stderr)


def test_what_runs_is_listed_shown_and_not_yet_best(real: Podium, identity: str) -> None:
    assert identity.startswith("tiny-")
    assert [line.split()[:3] for line in said(real("ls")).splitlines()[1:]] == [[identity, "running", "1"]]
    shown = said(real("show", "tiny"))
    assert shown.startswith(f"{identity}  running: 1 run in flight\n")
    assert "1 running" in shown
    assert "1 (baseline)  running" in said(real("trials", identity))
    detail = said(real("trial", identity, "1"))
    assert "trial 1  running at epoch 0, val_accuracy -, the baseline" in detail
    assert f"attempt 1 {identity}-t1-e4-a1 running" in detail
    assert f"no trial of '{identity}' has reached full fidelity yet" in refused(real("best", identity))
    assert "no-such" in refused(real("show", "no-such"))


def test_a_pause_a_change_and_a_resume_are_said_in_the_controllers_words(real: Podium, identity: str) -> None:
    paused = f"{identity} is paused by a user; runs in flight finish, `podium resume` continues\n"
    assert said(real("pause", identity)) == paused
    assert said(real("show", identity)).splitlines()[0].strip() == paused.strip().replace(" is ", "  ")
    assert said(real("change", identity, "--runs", "40")) == f"{identity} has cost 4, runs 40, parallelism 1\n"
    assert said(real("change", identity, "--parallelism", "2")) == f"{identity} has cost 4, runs 40, parallelism 2\n"
    assert said(real("resume", identity)) == f"{identity} is running: 1 run in flight\n"


def test_a_stopped_trial_goes_on_to_its_next_report(real: Podium, identity: str, service: Service) -> None:
    assert said(real("stop", identity, "--trial", "1")) == f"trial 1 of {identity} stops at its next report\n"
    assert "trial 1  running" in said(real("trial", identity, "1"))
    assert service.report(f"{identity}-t1-e4-a1", 1, 0.75).json() == {"verdict": "stop"}
    assert "trial 1  stopped at epoch 1, val_accuracy 0.75" in said(real("trial", identity, "1"))
    assert "only a running trial can be stopped" in refused(real("stop", identity, "--trial", "1"))


def test_what_was_trained_in_full_is_best_and_exported(real: Podium, identity: str, service: Service) -> None:
    service.finish(f"{identity}-t1-e4-a1", 0.875)
    assert said(real("best", identity, "--yaml")) == "learning_rate: 0.1\nbatch_size: 64\nnesterov: true\n"
    heading, baseline = said(real("export", identity)).splitlines()[:2]
    assert {"trial", "params.learning_rate", "params.batch_size", "params.nesterov"} <= set(heading.split(","))
    assert "0.875" in baseline.split(",")


def test_what_is_stopped_can_be_deleted_and_not_before(real: Podium, identity: str, service: Service) -> None:
    assert "`podium stop` it first" in refused(real("delete", identity, "--yes"))
    assert said(real("stop", identity)) == f"{identity} is stopped by a user; its results stay\n"
    nothing = real("watch", identity)
    assert nothing.exit_code == 1
    assert f"{identity} stopped by a user; its results stay" in nothing.stdout
    assert nothing.stderr.endswith(f"podium: {identity} found nothing: no trial of it was trained in full\n")
    service.settle()
    assert said(real("delete", identity, "--yes")) == f"{identity} is deleted\n"
    assert identity not in said(real("ls"))
