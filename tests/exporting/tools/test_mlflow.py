"""An experiment in a real MLflow server, read back by MLflow's own client: once, again, and after it has gone on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from podium.exporting.mlflow_runs import SPEC
from tests.exporting.tools.conftest import Read, free_port, go_on, podium, running
from tests.service import Service


@pytest.fixture(scope="module")
def mlflow(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with its database and its artifacts in a folder of the test; its address."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [str(tools / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    with running(command, folder, f"http://127.0.0.1:{port}/health"):
        yield f"http://127.0.0.1:{port}"


def counted(result: Any) -> str:
    assert result.exit_code == 0, result.stderr
    return str(result.stderr).split(": ")[-1].strip()


def test_trials_are_child_runs_with_all_that_they_measured_and_nothing_comes_twice(
    search: tuple[Service, str, str], mlflow: str, read_by: Read
) -> None:
    service, experiment_id, url = search
    number = len(service.read(f"{experiment_id}/trials")["items"])
    first = podium(url, "export", experiment_id, "--to", "mlflow", mlflow, "--experiment-name", "cars")
    assert counted(first) == f"{number} trials new, 0 updated, 0 unchanged"
    check(service, experiment_id, read_by("read_mlflow.py", mlflow, "cars"))

    again = podium(url, "export", experiment_id, "--to", "mlflow", mlflow, "--experiment-name", "cars")
    assert counted(again) == f"0 trials new, 0 updated, {number} unchanged"

    go_on(service, 5)
    assert service.read(experiment_id)["state"] == "completed"
    later = podium(url, "export", experiment_id, "--to", "mlflow", mlflow, "--experiment-name", "cars")
    assert " 0 updated" not in counted(later), "trials were promoted"
    found = read_by("read_mlflow.py", mlflow, "cars")
    check(service, experiment_id, found)
    assert found["parent"]["status"] == "FINISHED"


def test_a_trial_that_runs_again_has_no_end(search: tuple[Service, str, str], mlflow: str, read_by: Read) -> None:
    service, experiment_id, url = search
    asked = ("export", experiment_id, "--to", "mlflow", mlflow, "--experiment-name", "again")
    again = set[int]()
    for _ in range(4):
        paused = {
            each["number"] for each in service.read(f"{experiment_id}/trials")["items"] if each["state"] == "paused"
        }
        assert podium(url, *asked).exit_code == 0
        go_on(service, 1)
        trials = service.read(f"{experiment_id}/trials")["items"]
        if again := paused & {each["number"] for each in trials if each["state"] == "running"}:
            break
    assert again, "a paused trial was promoted"
    assert podium(url, *asked).exit_code == 0
    check(service, experiment_id, read_by("read_mlflow.py", mlflow, "again"))


def test_a_parent_that_alone_was_deleted_is_made_again_and_gets_its_children_back(
    search: tuple[Service, str, str], mlflow: str, read_by: Read
) -> None:
    service, experiment_id, url = search
    asked = ("export", experiment_id, "--to", "mlflow", mlflow, "--experiment-name", "orphans")
    assert podium(url, *asked).exit_code == 0
    before = read_by("read_mlflow.py", mlflow, "orphans")
    gone = {"run_id": before["parent"]["id"]}
    assert httpx2.post(f"{mlflow}/api/2.0/mlflow/runs/delete", json=gone, trust_env=False).status_code == 200
    number = len(before["children"])
    assert counted(podium(url, *asked)) == f"0 trials new, {number} updated, 0 unchanged"
    after = read_by("read_mlflow.py", mlflow, "orphans")
    check(service, experiment_id, after)
    assert after["parent"]["id"] != before["parent"]["id"]
    assert {each["id"] for each in after["children"].values()} == {each["id"] for each in before["children"].values()}
    assert counted(podium(url, *asked)) == f"0 trials new, 0 updated, {number} unchanged"


def test_without_artifacts_nothing_is_stored_as_one(
    search: tuple[Service, str, str], mlflow: str, read_by: Read
) -> None:
    _, experiment_id, url = search
    asked = ("export", experiment_id, "--to", "mlflow", mlflow, "--experiment-name", "bare", "--no-artifacts")
    assert podium(url, *asked).exit_code == 0
    found = read_by("read_mlflow.py", mlflow, "bare")
    assert [each["artifacts"] for each in (found["parent"], *found["children"].values())] == [{}] * (
        1 + len(found["children"])
    )


def check(service: Service, experiment_id: str, found: Any) -> None:
    """Compare all that MLflow holds with what Podium tells."""
    told = service.read(experiment_id)
    parent, children = found["parent"], found["children"]
    assert parent["tags"]["podium.experiment"] == experiment_id
    assert f"name: {told['name']}" in parent["artifacts"][SPEC]
    assert parent["params"]["objective"] == "val_accuracy"
    trials = service.read(f"{experiment_id}/trials")["items"]
    assert sorted(children, key=int) == [str(each["number"]) for each in trials]
    statuses = {"running": "RUNNING", "failed": "FAILED", "stopped": "KILLED"}
    for trial in trials:
        child, detail = children[str(trial["number"])], service.read(f"{experiment_id}/trials/{trial['number']}")
        assert child["status"] == statuses.get(trial["state"], "FINISHED")
        ended_at = detail["runs"][-1]["ended_at"]
        assert child["ended"] == (None if ended_at is None else milliseconds(ended_at))
        assert child["tags"]["podium.state"] == trial["state"]
        assert child["tags"].get("podium.end_reason") == detail["runs"][-1]["end_reason"]
        configuration = trial["configuration"]
        assert child["params"] == {
            **{name: str(configuration[name]) for name in configuration},
            "nesterov": str(configuration["nesterov"]).lower(),
        }
        for metric in ("val_accuracy", "val_loss"):
            assert child["history"].get(metric, []) == [
                [each["epoch"], each["metrics"][metric], milliseconds(each["created_at"])]
                for each in detail["measurements"]
            ]
        names = {"results", "results/summary.json", "results/predictions.parquet", "results/mistakes/00.png"}
        assert set(child["artifacts"]) == (names - {"results"} if trial["state"] == "completed" else set())
        if trial["state"] == "completed":
            assert child["artifacts"]["results/predictions.parquet"] == "PAR1...PAR1"


def milliseconds(moment: str) -> int:
    from datetime import datetime  # noqa: PLC0415

    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def test_an_export_that_was_cut_short_is_finished_by_the_next(
    search: tuple[Service, str, str], mlflow: str, read_by: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after a run is created, and after its metrics are there but not its last tags."""
    from podium.exporting.mlflow_api import MlflowRefused, MlflowServer  # noqa: PLC0415

    service, experiment_id, url = search
    log, calls = MlflowServer.log, []

    def cut(server: MlflowServer, run_id: str, *, tags: dict[str, str], **rest: Any) -> None:
        calls.append(run_id)
        if len(calls) == 2:
            raise MlflowRefused("the cable was pulled")
        if len(calls) == 4:
            log(server, run_id, tags={}, **rest)
            raise MlflowRefused("the cable was pulled")
        log(server, run_id, tags=tags, **rest)

    asked = ("export", experiment_id, "--to", "mlflow", mlflow, "--experiment-name", "cut")
    monkeypatch.setattr(MlflowServer, "log", cut)
    for _ in range(2):
        result = podium(url, *asked)
        assert (result.exit_code, result.stderr) == (1, "podium: the cable was pulled\n")
    assert podium(url, *asked).exit_code == 0
    check(service, experiment_id, read_by("read_mlflow.py", mlflow, "cut"))


def test_what_is_no_mlflow_server_is_told_in_one_line(search: tuple[Service, str, str]) -> None:
    _, experiment_id, url = search
    for uri, code, said in (
        ("mlruns", 2, "'mlruns' is no address of an MLflow server; write http://HOST:PORT or https://…"),
        (url, 1, f"MLflow at {url} answered 404 to /api/2.0/mlflow/experiments/get-by-name: "),
        ("http://127.0.0.1:1", 1, "no answer from MLflow at http://127.0.0.1:1: "),
    ):
        result = podium(url, "export", experiment_id, "--to", "mlflow", uri)
        assert result.exit_code == code
        assert result.stderr.startswith(f"podium: {said}")
        assert len(result.stderr.splitlines()) == 1
