"""Checkpoints are there whole or not at all, and the newest good one is found."""

import logging
import os
import uuid
from pathlib import Path

import pytest

from podium import checkpoints
from podium.checkpoints import Checkpoint, CheckpointNotSaved
from podium.wire import MeasurementReport


@pytest.fixture(params=["file", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (tmp_path / "t12").as_uri() if request.param == "file" else f"memory://{uuid.uuid4().hex}/t12"


def checkpoint(epoch: int, data: bytes | None = None) -> Checkpoint:
    report = MeasurementReport(epoch=epoch, metrics={"val_accuracy": epoch / 10}, seconds=1.5, samples_per_second=96.0)
    return Checkpoint(report=report, data=data if data is not None else f"weights\n{epoch}".encode())


def on_disk(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


def test_what_was_saved_is_loaded(folder: str) -> None:
    assert checkpoints.load(folder, up_to_epoch=9) is None
    checkpoints.save(folder, checkpoint(4), attempt=2)
    assert checkpoints.load(folder, up_to_epoch=9) == checkpoint(4)


def test_the_newest_within_the_limit_is_loaded(folder: str) -> None:
    for epoch in (3, 4):
        checkpoints.save(folder, checkpoint(epoch), attempt=1)
    assert checkpoints.load(folder, up_to_epoch=3) == checkpoint(3)
    assert checkpoints.load(folder, up_to_epoch=4) == checkpoint(4)
    assert checkpoints.load(folder, up_to_epoch=2) is None


def test_on_a_volume_that_a_group_shares_the_group_can_remove_what_a_worker_wrote(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    for volume in (shared, own):
        volume.mkdir()
        volume.chmod(0o2770 if volume is shared else 0o770)
        checkpoints.save((volume / "digits" / "t12").as_uri(), checkpoint(1), attempt=1)
    for folder in ("digits", "digits/t12"):
        assert (shared / folder).stat().st_mode & 0o070 == 0o070
        assert (own / folder).stat().st_mode & 0o020 == 0, "what is not shared is not opened"


def test_the_last_two_epochs_stay(tmp_path: Path) -> None:
    for epoch in (1, 2, 5, 6):
        checkpoints.save(tmp_path.as_uri(), checkpoint(epoch), attempt=1)
    assert on_disk(tmp_path) == ["epoch-00005-attempt-1.ckpt", "epoch-00006-attempt-1.ckpt"]


def test_a_superseded_attempt_removes_nothing_of_a_newer_one(tmp_path: Path) -> None:
    for epoch, attempt in ((4, 2), (5, 2), (6, 2), (5, 1)):
        checkpoints.save(tmp_path.as_uri(), checkpoint(epoch), attempt=attempt)
    assert checkpoints.load(tmp_path.as_uri(), up_to_epoch=9) == checkpoint(6)
    assert "epoch-00005-attempt-2.ckpt" in on_disk(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "foreign", "header"])
def test_a_damaged_checkpoint_costs_one_epoch(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    for epoch in (3, 4):
        checkpoints.save(tmp_path.as_uri(), checkpoint(epoch), attempt=1)
    newest = tmp_path / "epoch-00004-attempt-1.ckpt"
    content = newest.read_bytes()
    damaged = {
        "cut": content[:-1],
        "flipped": content[:-1] + b"\xff",
        "emptied": b"",
        "foreign": b"PK\x03\x04",
        "header": content.replace(b'"val_accuracy":0.4', b'"val_accuracy":0.9'),
    }[damage]
    assert damaged != content
    newest.write_bytes(damaged)

    with caplog.at_level(logging.WARNING):
        assert checkpoints.load(tmp_path.as_uri(), up_to_epoch=9) == checkpoint(3)
    assert "epoch-00004-attempt-1.ckpt is damaged" in caplog.text


def test_after_a_damage_the_good_one_before_is_kept_as_a_second_chance(tmp_path: Path) -> None:
    for epoch in (3, 4):
        checkpoints.save(tmp_path.as_uri(), checkpoint(epoch), attempt=1)
    (tmp_path / "epoch-00004-attempt-1.ckpt").write_bytes(b"")

    checkpoints.save(tmp_path.as_uri(), checkpoint(4), attempt=2)
    assert on_disk(tmp_path) == ["epoch-00003-attempt-1.ckpt", "epoch-00004-attempt-2.ckpt"]


def test_starting_over_leaves_what_is_newer_alone(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), checkpoint(4), attempt=1)
    checkpoints.save(tmp_path.as_uri(), checkpoint(1), attempt=2)
    assert on_disk(tmp_path) == ["epoch-00001-attempt-2.ckpt", "epoch-00004-attempt-1.ckpt"]


def test_what_a_killed_writer_left_is_removed_and_never_loaded(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), checkpoint(1), attempt=1)
    (tmp_path / "epoch-00002-attempt-1.ckpt.partial").write_bytes(b"half")
    assert checkpoints.load(tmp_path.as_uri(), up_to_epoch=9) == checkpoint(1)

    checkpoints.save(tmp_path.as_uri(), checkpoint(2), attempt=2)
    assert on_disk(tmp_path) == ["epoch-00001-attempt-1.ckpt", "epoch-00002-attempt-2.ckpt"]


def test_an_old_attempt_leaves_what_a_newer_run_is_writing(tmp_path: Path) -> None:
    """Attempts are counted anew in each run: attempt 3 of the run before is older than attempt 1 of this one."""
    (tmp_path / "epoch-00005-attempt-1.ckpt.partial").write_bytes(b"half")
    checkpoints.save(tmp_path.as_uri(), checkpoint(4), attempt=3)
    assert on_disk(tmp_path) == ["epoch-00004-attempt-3.ckpt", "epoch-00005-attempt-1.ckpt.partial"]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for epoch in (1, 2, 3):
        checkpoints.save(tmp_path.as_uri(), checkpoint(epoch), attempt=1)
    assert "notes.txt" in on_disk(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(CheckpointNotSaved, match=r"epoch 1 in file://.*/file/t1: .*"):
        checkpoints.save(f"{blocked.as_uri()}/t1", checkpoint(1), attempt=1)


def test_saving_again_replaces(tmp_path: Path) -> None:
    checkpoints.save(tmp_path.as_uri(), checkpoint(1, b"first"), attempt=1)
    checkpoints.save(tmp_path.as_uri(), checkpoint(1, b"second"), attempt=1)
    loaded = checkpoints.load(tmp_path.as_uri(), up_to_epoch=1)
    assert loaded is not None
    assert loaded.data == b"second"
    assert len(os.listdir(tmp_path)) == 1
