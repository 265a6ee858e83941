"""Offline runs that the real wandb wrote, read back record by record; and what `wandb sync` says of them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.stand_in import an_experiment
from tests.exporting.records import a_record
from tests.exporting.tools.conftest import ROOT, Read, go_on, podium
from tests.service import Service


def export(tools: Path, url: str, experiment_id: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command where wandb is installed, cut off from every network but this machine's own."""
    environment = {name: each for name, each in os.environ.items() if not name.startswith("WANDB_")}
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment |= nowhere | {"PYTHONPATH": str(ROOT), "HOME": str(folder.parent)}
    command = [str(tools / "python"), "-c", "from podium.cli.app import main; main()", "export", experiment_id]
    command += ["--to", "wandb", str(folder), "--experiment-name", "cars", "--url", url]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def read_all(folder: Path, read_by: Read) -> dict[int, Any]:
    found = [read_by("read_wandb.py", str(path)) for path in folder.glob("wandb/offline-run-*/*.wandb")]
    by_trial = {int(each["run"]["id"].rpartition("-t")[2]): each for each in found}
    assert len(by_trial) == len(found), "one run for each trial"
    return by_trial


def test_offline_runs_hold_what_the_trials_measured_and_a_later_export_replaces_them(
    search: tuple[Service, str, str], tools: Path, tmp_path: Path, read_by: Read
) -> None:
    service, experiment_id, url = search
    folder = tmp_path / "out"
    first = export(tools, url, experiment_id, folder)
    assert first.returncode == 0, first.stderr
    assert "offline runs; send them with: wandb sync" in first.stderr
    assert first.stdout == ""
    check(service, experiment_id, read_all(folder, read_by))
    runs = sorted(map(str, folder.glob("wandb/offline-run-*")))
    command = [str(tools / "wandb"), "sync", "--dry-run", *runs]
    would = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert would.returncode == 0, would.stderr
    said = "".join((would.stdout + would.stderr).split())
    assert all(f"run-{Path(run).name.partition('-')[2].split('-', 2)[2]}.wandb" in said for run in runs), said

    go_on(service, 1)
    assert export(tools, url, experiment_id, folder).returncode == 0
    check(service, experiment_id, read_all(folder, read_by))


def exported(read_by: Read, folder: Path, *ids: str, break_at: int = 0) -> Any:
    """Have the real wandb write the run of one trial of each of these experiments."""
    given = {"experiment": an_experiment().model_dump(mode="json"), "record": a_record().model_dump(mode="json")}
    return read_by("export_wandb.py", str(folder), str(break_at), *ids, given=json.dumps(given))


def ids_in(folder: Path) -> list[str]:
    return sorted(path.name.split("-", 3)[3] for path in folder.glob("wandb/offline-run-*"))


def test_an_experiment_whose_name_ends_like_anothers_keeps_its_runs_also_within_one_second(
    tmp_path: Path, read_by: Read
) -> None:
    ids = ["my-exp", "exp", "exp", "exp", "my-exp"]
    assert exported(read_by, tmp_path, *ids) == {"errors": [], "finished": [0] * 5}
    assert ids_in(tmp_path) == ["exp-t1", "my-exp-t1"]
    for path in tmp_path.glob("wandb/offline-run-*/*.wandb"):
        found = read_by("read_wandb.py", str(path))
        assert [each["_step"] for each in found["history"]] == [1, 2, 3, 4]
    assert {path.name for path in tmp_path.iterdir()} == {"wandb"}


def test_a_run_that_breaks_is_finished_as_failed_and_leaves_the_earlier_one(tmp_path: Path, read_by: Read) -> None:
    exported(read_by, tmp_path, "exp")
    [before] = tmp_path.glob("wandb/offline-run-*")
    broken = exported(read_by, tmp_path, "exp", break_at=3)
    assert broken == {"errors": ["the pipe to wandb's process broke"], "finished": [1]}
    assert list(tmp_path.glob("wandb/offline-run-*")) == [before]


def check(service: Service, experiment_id: str, found: dict[int, Any]) -> None:
    trials = service.read(f"{experiment_id}/trials")["items"]
    assert sorted(found) == [each["number"] for each in trials]
    for trial in trials:
        told, detail = found[trial["number"]], service.read(f"{experiment_id}/trials/{trial['number']}")
        assert told["run"] == {
            "id": f"{experiment_id}-t{trial['number']}",
            "project": "cars",
            "group": experiment_id,
            "name": f"trial {trial['number']}",
            "job_type": "baseline" if trial["is_baseline"] else "trial",
            "tags": sorted(
                [f"state: {trial['state']}"]
                + ([f"end: {reason}"] if (reason := detail["runs"][-1]["end_reason"]) is not None else [])
            ),
        }
        assert told["config"] == trial["configuration"]
        measured = [(each["_step"], each["val_accuracy"], each["val_loss"]) for each in told["history"]]
        assert measured == [
            (each["epoch"], each["metrics"]["val_accuracy"], each["metrics"]["val_loss"])
            for each in detail["measurements"]
        ]
        for row, each in zip(told["history"], detail["measurements"], strict=True):
            assert abs(row["_timestamp"] - moment(each["created_at"])) < 1e-3
        assert told["summary"]["podium/state"] == trial["state"]
        assert told["summary"]["podium/value"] == trial["value"]
        assert told["exit"] == (1 if trial["state"] == "failed" else 0)


def moment(text: str) -> float:
    from datetime import datetime  # noqa: PLC0415

    return datetime.fromisoformat(text).timestamp()


def test_where_wandb_is_not_installed_the_extra_is_named(
    search: tuple[Service, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, "wandb", None)
    _, experiment_id, url = search
    result = podium(url, "export", experiment_id, "--to", "wandb", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert result.stderr == (
        "podium: offline runs are written by wandb, which is not installed: pip install 'podium[wandb]'\n"
    )
    assert not (tmp_path / "out").exists()
