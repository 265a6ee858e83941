"""Results of full trainings: where workers are told to put them, what stays of them, and who may read what."""

from pathlib import Path
from typing import Any

import pytest

from controller import artifacts
from podium import whole_file
from podium.results import PREDICTIONS, SUMMARY, Summary, is_file_of_results
from tests.controller.stores import Stores
from tests.results import a_summary
from tests.service import API, Service

SPEC: dict[str, Any] = {
    "trial": None,
    "training": {"dataset": "digits"},
    "fidelity": {"rungs": {"small": 1, "full": 2}},
    "parallelism": 1,
    "budget": {"cost": 9.0},
}
PNG = b"\x89PNG\r\n\x1a\n..."


def trained_in_full(service: Service, **changes: Any) -> tuple[str, int, str]:
    """Let runs end until one of a full training has; return experiment, trial, and the folder it was told of."""
    experiment_id = service.create(**(SPEC | changes))
    for _ in range(50):
        service.settle()
        [job] = service.active()
        given = service.assignment(job)
        service.finish(job)
        if given["to_epoch"] == given["full_epochs"]:
            return experiment_id, given["trial"], given["results"]
        assert "results" not in given, "a worker of an older version knows nothing of them, and need not"
    raise AssertionError("no trial was trained in full")


def write(folder: str, summary: Summary | bytes) -> None:
    whole_file.write(f"{folder}/{PREDICTIONS}", b"PAR1")
    whole_file.write(f"{folder}/mistakes/00.png", PNG)
    whole_file.write(f"{folder}/secret.txt", b"not in the summary")
    content = summary if isinstance(summary, bytes) else summary.model_dump_json().encode()
    whole_file.write(f"{folder}/{SUMMARY}", content)


def refusal(service: Service, path: str, status: int = 404) -> str:
    answer = service.http.get(f"{API}/experiments/{path}")
    assert answer.status_code == status, answer.text
    return str(answer.json()["detail"])


def test_what_a_worker_wrote_is_read_back(service: Service) -> None:
    experiment_id, trial, folder = trained_in_full(service)
    write(folder, a_summary())
    assert service.read(f"{experiment_id}/trials/{trial}/results") == a_summary().model_dump(mode="json")
    for name, media_type, content in (
        (PREDICTIONS, "application/vnd.apache.parquet", b"PAR1"),
        ("mistakes/00.png", "image/png", PNG),
    ):
        answer = service.http.get(f"{API}/experiments/{experiment_id}/trials/{trial}/results/{name}")
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"] == media_type
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "secret.txt",
        "summary.json",
        "mistakes/1.png",
        "mistakes",
        "%2e%2e/secret.txt",
        "..%2f..%2f..%2fsecret_key",
        "x",
    ],
)
def test_only_what_a_summary_may_name_is_read(service: Service, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    experiment_id, trial, folder = trained_in_full(service)
    write(folder, a_summary())
    opened: list[str] = []
    read = artifacts.read

    def noted(url: str, limit_bytes: int) -> bytes:
        opened.append(url)
        return read(url, limit_bytes)

    monkeypatch.setattr(artifacts, "read", noted)
    refusal(service, f"{experiment_id}/trials/{trial}/results/{name}")
    assert opened == []


def test_names_have_two_forms_and_no_third() -> None:
    assert all(map(is_file_of_results, a_summary().files()))
    assert not any(map(is_file_of_results, ["mistakes/00.png\n", "mistakes/\u0660\u0660.png", "/mistakes/00.png", ""]))


def test_a_file_costs_one_look_at_the_storage_and_one_that_is_not_there_is_404(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment_id, trial, folder = trained_in_full(service)
    write(folder, a_summary())
    opened: list[str] = []
    read = artifacts.read

    def noted(url: str, limit_bytes: int) -> bytes:
        opened.append(url)
        return read(url, limit_bytes)

    monkeypatch.setattr(artifacts, "read", noted)
    path = f"{experiment_id}/trials/{trial}/results/mistakes"
    assert service.http.get(f"{API}/experiments/{path}/00.png").content == PNG
    assert "have no file 'mistakes/01.png'" in refusal(service, f"{path}/01.png")
    assert opened == [f"{folder}/mistakes/00.png", f"{folder}/mistakes/01.png"]


def test_a_summary_that_names_a_file_elsewhere_is_not_believed(service: Service) -> None:
    experiment_id, trial, folder = trained_in_full(service)
    write(folder, a_summary().model_dump_json().replace("mistakes/00.png", "../../../secret_key").encode())
    assert "is damaged" in refusal(service, f"{experiment_id}/trials/{trial}/results")


def test_a_summary_of_another_version_says_so(service: Service) -> None:
    experiment_id, trial, folder = trained_in_full(service)
    write(folder, a_summary().model_dump_json().replace('"version":1', '"version":2').encode())
    assert "of another version" in refusal(service, f"{experiment_id}/trials/{trial}/results")


def test_why_there_are_none_is_told(service: Service) -> None:
    experiment_id, trial, folder = trained_in_full(service)
    told = refusal(service, f"{experiment_id}/trials/{trial}/results")
    assert told.startswith(f"trial {trial} was trained in full, but there is no {folder}/summary.json")
    service.settle()
    [job] = service.active()
    number = service.assignment(job)["trial"]
    told = refusal(service, f"{experiment_id}/trials/{number}/results")
    assert told.endswith("of 2; results are written at the end of a full training")
    assert "999" in refusal(service, f"{experiment_id}/trials/999/results")
    assert "nowhere" in refusal(service, "nowhere/trials/1/results")


@pytest.mark.parametrize(
    ("changes", "shares"),
    [
        ({"training": {"dataset": "digits", "precision": "fp32"}}, False),
        ({"training": {"dataset": "digits", "precision": "fp32", "trainable": "layer4"}}, True),
        ({"training": {"dataset": "digits"}}, True),  # how fast each precision is, which is timed once
        (
            {
                "training": {"dataset": "digits", "precision": "fp32"},
                "parameters": {"trainable": {"type": "categorical", "choices": ["head", "all"]}},
            },
            True,
        ),
    ],
    ids=str,
)
def test_trials_share_a_folder_where_there_is_something_to_share(
    service: Service, changes: dict[str, Any], shares: bool
) -> None:
    experiment_id = service.create(**(SPEC | {"parallelism": 2} | changes))
    service.settle()
    [folder] = {service.assignment(job).get("shared") for job in service.active()}
    assert folder is None or folder.endswith(f"/{experiment_id}/shared")
    assert (folder is not None) is shares


def test_a_command_of_ones_own_is_told_of_no_folder_and_has_no_results(service: Service) -> None:
    """An older `podium` in the user's own image would refuse an assignment with a field that it does not know."""
    experiment_id = service.create(fidelity={"rungs": {"full": 1}}, parallelism=1)
    service.settle()
    [job] = service.active()
    assert "results" not in service.assignment(job)
    service.finish(job)
    service.settle()
    assert "a command of their own" in refusal(service, f"{experiment_id}/trials/1/results")


def test_a_storage_that_does_not_answer_is_no_fault_of_ours(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_id, trial, folder = trained_in_full(service)

    def refuse(url: str, limit_bytes: int) -> bytes:
        raise PermissionError("AccessDenied")

    monkeypatch.setattr(artifacts, "read", refuse)
    told = refusal(service, f"{experiment_id}/trials/{trial}/results", status=503)
    assert f"{folder}/summary.json cannot be read (PermissionError: AccessDenied)" in told


def test_a_file_beyond_the_limit_is_left_where_it_is(tmp_path: Path, service: Service) -> None:
    experiment_id, trial, folder = trained_in_full(service)
    write(folder, a_summary())
    whole_file.write(f"{folder}/{PREDICTIONS}", b"0" * (32 * 1024 * 1024 + 1))
    told = refusal(service, f"{experiment_id}/trials/{trial}/results/{PREDICTIONS}")
    assert "is larger than" in told
    assert "read it there" in told


@pytest.mark.parametrize("storage", ["file", "memory"])
def test_retention_removes_checkpoints_and_deletion_results(service: Service, tmp_path: Path, storage: str) -> None:
    stores = Stores(service, tmp_path.as_uri() if storage == "file" else f"memory://{tmp_path.name}")
    experiment_id = service.create(**(SPEC | {"checkpoints": "none", "fidelity": {"rungs": {"full": 1}}}))
    service.settle()
    [job] = service.active()
    trial = stores.folder(job)
    results = artifacts.results_folder(trial)
    stores.save(trial)
    stores.save(artifacts.stretch_folder(trial, 1))
    write(results, a_summary())
    service.finish(job)
    stores.settle()
    assert artifacts.read(f"{results}/{SUMMARY}", 10**6)
    assert artifacts.read(f"{results}/mistakes/00.png", 10**6) == PNG
    for gone in (trial, artifacts.stretch_folder(trial, 1)):
        with pytest.raises(FileNotFoundError):
            artifacts.read(f"{gone}/epoch-00001-attempt-1.ckpt", 10**6)
    service.http.post(f"{API}/experiments/{experiment_id}/stop")
    stores.settle()
    assert service.http.delete(f"{API}/experiments/{experiment_id}").status_code == 204
    stores.settle()
    with pytest.raises(FileNotFoundError):
        artifacts.read(f"{results}/{SUMMARY}", 10**6)
