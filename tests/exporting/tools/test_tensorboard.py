"""A folder that Podium wrote, in a real TensorBoard: what its pages would be told."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.exporting.tools.conftest import free_port, go_on, podium, running
from tests.service import Service


@pytest.fixture
def board(
    tools: Path, tmp_path: Path, search: tuple[Service, str, str]
) -> Iterator[tuple[httpx2.Client, Service, str]]:
    service, experiment_id, url = search
    [job] = service.active()[:1]
    service.cluster.exit(job, 65)  # an infeasible configuration
    service.settle()
    folder, port = tmp_path / "logs", free_port()
    result = podium(url, "export", experiment_id, "--to", "tensorboard", str(folder))
    assert result.exit_code == 0, result.stderr
    assert podium(url, "export", experiment_id, "--to", "tensorboard", str(folder)).exit_code == 0, "nothing is doubled"
    command = [str(tools / "tensorboard"), "--logdir", str(folder), "--port", str(port), "--load_fast", "false"]
    with (
        running(command, tmp_path, f"http://127.0.0.1:{port}/data/runs"),
        httpx2.Client(base_url=f"http://127.0.0.1:{port}/data/plugin/", trust_env=False) as client,
    ):
        yield client, service, experiment_id


def test_scalars_and_the_hparams_tab_are_those_of_the_trials(
    board: tuple[httpx2.Client, Service, str],
) -> None:
    client, service, experiment_id = board
    tags = client.get("scalars/tags").json()
    trials = service.read(f"{experiment_id}/trials")["items"]
    measured = [each for each in trials if each["reached_epoch"]]
    assert set(tags) == {f"t{each['number']:04d}" for each in measured}
    for trial in measured:
        detail, run = service.read(f"{experiment_id}/trials/{trial['number']}"), f"t{trial['number']:04d}"
        assert set(tags[run]) == {"val_accuracy", "val_loss", "podium/seconds"}
        for metric in ("val_accuracy", "val_loss"):
            found = client.get("scalars/scalars", params={"run": run, "tag": metric}).json()
            assert [(step, value) for _, step, value in found] == [
                (each["epoch"], as_float32(each["metrics"][metric])) for each in detail["measurements"]
            ]
            assert abs(found[0][0] - service.clock.now.timestamp()) < 7200

    asked = {"experimentName": ""}
    experiment = client.post("hparams/experiment", json=asked).json()
    infos = {each["name"]: each for each in experiment["hparamInfos"]}
    assert set(infos) == {"learning_rate", "batch_size", "optimizer", "nesterov"}
    assert infos["learning_rate"]["domainInterval"] == {"minValue": 1e-4, "maxValue": 1.0}
    assert infos["optimizer"]["domainDiscrete"] == ["sgd", "adamw"]
    assert [each["name"]["tag"] for each in experiment["metricInfos"]][:2] == ["val_accuracy", "val_loss"]

    groups = client.post("hparams/session_groups", json=session_groups(experiment)).json()["sessionGroups"]
    rows = {each["name"]: each for each in groups}
    assert set(rows) == {f"trial {each['number']}{' (baseline)' if each['is_baseline'] else ''}" for each in trials}
    states = {"failed": "STATUS_FAILURE", "running": "STATUS_UNKNOWN"}
    for trial in trials:
        row = rows[f"trial {trial['number']}{' (baseline)' if trial['is_baseline'] else ''}"]
        assert row["hparams"] == trial["configuration"]
        [session] = row["sessions"]
        assert session.get("status", "STATUS_UNKNOWN") == states.get(trial["state"], "STATUS_SUCCESS")
        if trial["value"] is not None:
            values = {each["name"]["tag"]: each["value"] for each in session["metricValues"]}
            assert values["val_accuracy"] == as_float32(trial["value"])
    assert {each["state"] for each in trials} >= {"failed", "paused"}


def session_groups(experiment: dict[str, Any]) -> dict[str, Any]:
    """Return what the page asks for: all columns, whatever the state."""
    states = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
    metrics = [{"metric": each["name"]} for each in experiment["metricInfos"]]
    columns = [*({"hparam": each["name"]} for each in experiment["hparamInfos"]), *metrics]
    return {
        "experimentName": "",
        "allowedStatuses": states,
        "colParams": columns,
        "includeMetrics": True,
        "startIndex": 0,
        "sliceSize": 1000,
    }


def as_float32(value: float) -> float:
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


def test_a_later_export_goes_on_from_the_earlier_one(search: tuple[Service, str, str], tmp_path: Path) -> None:
    service, experiment_id, url = search
    podium(url, "export", experiment_id, "--to", "tensorboard", str(tmp_path))
    before = {path.name: path.stat().st_size for path in tmp_path.rglob("*tfevents*")}
    go_on(service, 2)
    podium(url, "export", experiment_id, "--to", "tensorboard", str(tmp_path))
    files = list(tmp_path.rglob("*tfevents*"))
    assert len(files) == 1 + len(service.read(f"{experiment_id}/trials")["items"])
    assert len(before) <= len(files)
    assert not list(tmp_path.rglob("*.partial"))
