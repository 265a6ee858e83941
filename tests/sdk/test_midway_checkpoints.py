"""A midway checkpoint lies between two whole ones: newer than the one before, and never taken for the one after."""

import logging
import uuid
from pathlib import Path

import pytest

from podium import checkpoints
from podium.checkpoints import Checkpoint, CheckpointNotSaved
from podium.wire import MeasurementReport


@pytest.fixture(params=["file", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (tmp_path / "t12").as_uri() if request.param == "file" else f"memory://{uuid.uuid4().hex}/t12"


def whole(epoch: int) -> Checkpoint:
    return Checkpoint(report=report(epoch), data=f"after {epoch}".encode())


def midway(through: int, steps: int = 5) -> Checkpoint:
    before = report(through - 1) if through > 1 else None
    return Checkpoint(report=before, data=f"{steps} steps into {through}".encode(), is_midway=True)


def report(epoch: int) -> MeasurementReport:
    return MeasurementReport(epoch=epoch, metrics={"val_accuracy": epoch / 10}, seconds=1.5)


def on_disk(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


def test_before_the_first_epoch_there_is_no_report(folder: str) -> None:
    checkpoints.save(folder, midway(through=1), attempt=1)
    loaded = checkpoints.load(folder, up_to_epoch=1)
    assert loaded == midway(through=1)
    assert loaded.epoch == 0


def test_it_is_newer_than_the_epoch_before_and_older_than_its_own(folder: str) -> None:
    checkpoints.save(folder, whole(3), attempt=1)
    checkpoints.save(folder, midway(through=4), attempt=1)
    assert checkpoints.load(folder, up_to_epoch=9) == midway(through=4)
    checkpoints.save(folder, whole(4), attempt=1)
    assert checkpoints.load(folder, up_to_epoch=9) == whole(4)


def test_one_of_an_epoch_beyond_the_limit_is_not_used(folder: str) -> None:
    checkpoints.save(folder, whole(3), attempt=1)
    checkpoints.save(folder, midway(through=4), attempt=1)
    assert checkpoints.load(folder, up_to_epoch=3) == whole(3)


def test_a_damaged_one_costs_what_lies_within_the_epoch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    checkpoints.save(tmp_path.as_uri(), whole(3), attempt=1)
    checkpoints.save(tmp_path.as_uri(), midway(through=4), attempt=1)
    path = tmp_path / "epoch-00004-midway-attempt-1.ckpt"
    path.write_bytes(path.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        assert checkpoints.load(tmp_path.as_uri(), up_to_epoch=9) == whole(3)
    assert "epoch-00004-midway-attempt-1.ckpt is damaged" in caplog.text


def test_one_under_a_whole_epochs_name_is_refused(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), whole(3), attempt=1)
    checkpoints.save(tmp_path.as_uri(), midway(through=4), attempt=1)
    (tmp_path / "epoch-00004-midway-attempt-1.ckpt").rename(tmp_path / "epoch-00004-attempt-1.ckpt")
    assert checkpoints.load(tmp_path.as_uri(), up_to_epoch=9) == whole(3)


def test_saving_one_removes_no_whole_epoch_that_was_kept(tmp_path: Path) -> None:
    for each in (whole(2), whole(3), midway(through=4)):
        checkpoints.save(tmp_path.as_uri(), each, attempt=1)
    assert on_disk(tmp_path) == [
        "epoch-00002-attempt-1.ckpt",
        "epoch-00003-attempt-1.ckpt",
        "epoch-00004-midway-attempt-1.ckpt",
    ]


def test_its_epoch_and_a_later_midway_one_replace_it(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), midway(through=1), attempt=1)
    checkpoints.save(tmp_path.as_uri(), midway(through=1, steps=9), attempt=2)
    assert on_disk(tmp_path) == ["epoch-00001-midway-attempt-2.ckpt"]
    assert checkpoints.load(tmp_path.as_uri(), up_to_epoch=1) == midway(through=1, steps=9)
    checkpoints.save(tmp_path.as_uri(), whole(1), attempt=3)
    assert on_disk(tmp_path) == ["epoch-00001-attempt-3.ckpt"]


def test_a_whole_epoch_replaces_what_a_higher_attempt_of_an_earlier_run_left_within_it(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), midway(through=2), attempt=3)
    checkpoints.save(tmp_path.as_uri(), whole(2), attempt=1)
    assert on_disk(tmp_path) == ["epoch-00002-attempt-1.ckpt"]


def test_an_old_attempt_removes_no_newer_midway_one(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), midway(through=2, steps=9), attempt=2)
    checkpoints.save(tmp_path.as_uri(), whole(1), attempt=1)
    checkpoints.save(tmp_path.as_uri(), midway(through=2), attempt=1)
    assert checkpoints.load(tmp_path.as_uri(), up_to_epoch=2) == midway(through=2, steps=9)


def test_a_storage_that_does_not_take_it_names_it_and_what_is_left(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), midway(through=1), attempt=1)
    (tmp_path / "epoch-00002-midway-attempt-1.ckpt.partial").mkdir()
    with pytest.raises(
        CheckpointNotSaved, match=r"midway through epoch 2 in .*; the one midway through epoch 1 is intact"
    ):
        checkpoints.save(tmp_path.as_uri(), midway(through=2), attempt=1)
