"""`python -m worker` with several processes: torchrun's launcher starts them, and ends as they do."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

from podium import checkpoints
from tests.sdk.fake_run_api import FakeRunApi, assignment, finish, serving
from tests.worker.in_process import train_here
from tests.worker.small import TRIAL, training, write_images
from worker.launching import exit_code_of
from worker.machine import UnusableEnvironment, this_machine
from worker.ranks import Rank, accelerators_seen, only_device, rank_of


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunApi]:
    pets = write_images(tmp_path / "pets", each=10)
    settings = training(dataset="image_folder", data=str(pets), batch_size=4, trainable="head", augmentation="flip")
    given = assignment(
        tmp_path / "one", trial=TRIAL, training=settings, to_epoch=2, configuration={"learning_rate": 0.01}
    )
    monkeypatch.setenv("PODIUM_CACHE_DIR", str(tmp_path / "cache"))
    with serving(FakeRunApi(given)) as api:
        yield api


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    checkpoint = checkpoints.load(folder.as_uri(), up_to_epoch=2)
    assert checkpoint is not None
    weights: dict[str, torch.Tensor] = torch.load(io.BytesIO(checkpoint.data), weights_only=True)["model"]
    return weights


def test_two_processes_leave_together_and_what_they_stored_is_one_trainings(
    api: FakeRunApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM reaches both; one process goes on from their checkpoint, and ends where one alone would."""
    two = tmp_path / "two"
    api.assignment = api.assignment.model_copy(update={"checkpoints": two.as_uri()})
    process = api.start("-m", "worker", env={"PODIUM_PROCESSES": "2"})
    assert process.stderr is not None
    while process.stderr.readline() != f"podium: trial {TRIAL} trains epochs 1 to 2\n":
        assert process.poll() is None  # either of the two decodes the images, and says so
    process.terminate()
    code, stderr = finish(process, within_seconds=120)
    assert code == 75, stderr
    assert stderr == "podium: SIGTERM: leaving; the run resumes from the checkpoint midway through epoch 1\n"
    assert [checkpoint.name for checkpoint in two.iterdir()] == ["epoch-00001-midway-attempt-1.ckpt"]

    api.assignment = api.assignment.model_copy(update={"attempt": 2})
    assert train_here(api, monkeypatch) is None
    assert api.epochs == [1, 2]
    api.assignment = api.assignment.model_copy(update={"checkpoints": (tmp_path / "one").as_uri()})
    assert train_here(api, monkeypatch) is None
    found, expected = weights_in(two), weights_in(tmp_path / "one")
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-6)


def test_a_verdict_ends_all_processes_and_the_launcher_too(api: FakeRunApi) -> None:
    api.stop_at = 1
    code, stderr = finish(api.start("-m", "worker", env={"PODIUM_PROCESSES": "2"}), within_seconds=120)
    assert code == 0, stderr
    assert api.epochs == [1]
    assert stderr.endswith("podium: stopped by the controller after epoch 1\n")


def failure(exit_code: int) -> ProcessFailure:
    return ProcessFailure(local_rank=1, pid=1, exitcode=exit_code, error_file="")


@pytest.mark.parametrize(("exit_code", "expected"), [(65, 65), (66, 66), (75, 75), (1, 1), (-9, 137), (-11, 139)])
def test_the_launcher_ends_as_the_first_that_fails(exit_code: int, expected: int) -> None:
    assert exit_code_of(failure(exit_code)) == expected


def test_what_torchrun_says() -> None:
    given = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}
    assert rank_of(given) == Rank(number=5, processes=8, local=1)
    assert rank_of({"RANK": "5"}) is None


def test_a_process_sees_its_own_accelerator() -> None:
    second = Rank(number=1, processes=2, local=1)
    assert only_device({}, second) == "1"
    assert only_device({"CUDA_VISIBLE_DEVICES": "4,GPU-7f"}, second) == "GPU-7f"
    for hidden in ("", "-1"):
        assert only_device({"CUDA_VISIBLE_DEVICES": hidden}, second) == ""


def test_accelerators_are_counted_by_their_files(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert accelerators_seen(tmp_path) == 2
    (tmp_path / "dri").mkdir()
    (tmp_path / "dri" / "renderD128").touch()
    assert accelerators_seen(tmp_path) == 3
    assert accelerators_seen(tmp_path / "nowhere") == 0


def test_processes_share_memory_and_their_number_is_checked() -> None:
    alone = this_machine({"PODIUM_PROCESSES": "2"})
    assert alone.processes == 2
    assert this_machine({}).processes is None
    assert this_machine({"LOCAL_WORLD_SIZE": "4"}).memory_bytes == alone.memory_bytes // 4
    for given in ("0", "-1", "two", "65"):
        with pytest.raises(UnusableEnvironment, match=f"PODIUM_PROCESSES is '{given}'; give a number from 1 to 64"):
            this_machine({"PODIUM_PROCESSES": given})
