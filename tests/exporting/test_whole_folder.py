"""A folder takes another's place, or the other is still there: renames are made to fail one by one."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from podium import whole_folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "new", "new")


def a_folder(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "model").write_text(content)
    return path


def failing_at(calls: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let these renames fail, the first being 1."""
    replace, made = os.replace, []

    def refused(source: Any, target: Any) -> None:
        made.append(source)
        if len(made) in calls:
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused)


def flushing_no_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let folders not be flushed, as some mounts do."""
    fsync = os.fsync

    def refused(number: int) -> None:
        if stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError(22, "Invalid argument")
        fsync(number)

    monkeypatch.setattr(os, "fsync", refused)


def test_a_folder_takes_a_free_place_and_a_taken_one(tmp_path: Path, new: Path) -> None:
    whole_folder.put(new, tmp_path / "place")
    whole_folder.put(a_folder(tmp_path / "newer", "newer"), tmp_path / "place")
    assert (tmp_path / "place" / "model").read_text() == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


@pytest.mark.parametrize("call", [1, 2])
def test_after_a_rename_that_fails_what_was_there_is_there(
    tmp_path: Path, new: Path, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = a_folder(tmp_path / "place", "old")
    failing_at({call}, monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        whole_folder.put(new, place)
    assert (place / "model").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"place", "new"}


@pytest.mark.parametrize("taken", [True, False])
def test_a_mount_that_flushes_no_folders_takes_the_new_one_all_the_same(
    tmp_path: Path, new: Path, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (new / "more").mkdir()
    place = a_folder(tmp_path / "place", "old") if taken else tmp_path / "place"
    flushing_no_folders(monkeypatch)
    whole_folder.put(new, place)
    assert (place / "model").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_a_file_that_cannot_be_flushed_leaves_what_was_there(
    tmp_path: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = a_folder(tmp_path / "place", "old")

    def refused(number: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(OSError, match="Input/output error"):
        whole_folder.put(new, place)
    assert (place / "model").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"place", "new"}


def test_what_cannot_be_put_back_is_kept_and_the_error_says_where(
    tmp_path: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = a_folder(tmp_path / "place", "old")
    failing_at({2, 3}, monkeypatch)
    with pytest.raises(OSError, match="what was there is kept in ") as error:
        whole_folder.put(new, place)
    [kept] = tmp_path.glob(".place.before-*")
    assert str(kept) in str(error.value)
    assert (kept / "model").read_text() == "old"


def test_what_somebody_put_there_meanwhile_is_theirs_and_nothing_is_lost(
    tmp_path: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, replace = a_folder(tmp_path / "place", "old"), os.replace

    def raced(source: Any, target: Any) -> None:
        if source == new:
            a_folder(place, "theirs")
        replace(source, target)

    monkeypatch.setattr(os, "replace", raced)
    with pytest.raises(OSError, match="what was there is kept in "):
        whole_folder.put(new, place)
    [kept] = tmp_path.glob(".place.before-*")
    assert [(path / "model").read_text() for path in (place, kept, new)] == ["theirs", "old", "new"]
