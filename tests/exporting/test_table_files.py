"""The files of an export's tables: whole, together, and with types that are theirs, whatever was there before."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium import whole_files
from podium.exporting import csv_files, tables
from podium.exporting.columns import MEASUREMENT_COLUMNS, trial_columns
from podium.exporting.csv_files import columns_in
from podium.exporting.record import TrialRecord
from podium.exporting.spool import Spool
from tests.exporting.records import a_record
from tests.exporting.test_tables import parameters
from tests.exporting.test_whole_folder import flushing_no_folders


class Breaking(Spool):
    """Trials that can be read once, and then no more."""

    def __iter__(self) -> Iterator[TrialRecord]:
        if getattr(self, "is_read", False):
            raise OSError("no more")
        self.is_read = True
        yield from super().__iter__()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_that_fail_halfway_leave_all_of_those_before(tmp_path: Path, form: tables.Format) -> None:
    before = {f"trials.{form}": "old trials", f"measurements.{form}": "old", csv_files.METADATA: "old types"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with Breaking([a_record(1)]) as spool, pytest.raises(OSError, match="no more"):
        tables.write_folder(tmp_path, spool, parameters(), form)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("place", ["trials.csv", "csv-metadata.json"])
def test_a_folder_in_a_files_place_is_told_before_anything_is_replaced(tmp_path: Path, place: str) -> None:
    (tmp_path / "measurements.csv").write_text("old")
    (tmp_path / place).mkdir()
    with Spool([a_record(1)]) as spool, pytest.raises(IsADirectoryError, match="a folder is where a file is to be"):
        tables.write_folder(tmp_path, spool, parameters(), "csv")
    assert (tmp_path / "measurements.csv").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"measurements.csv", place}


def test_files_are_on_the_disk_before_they_have_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, fsync, replace = list[str](), os.fsync, os.replace

    def flushed(number: int) -> None:
        done.append("flush " + Path(os.readlink(f"/proc/self/fd/{number}")).name)
        fsync(number)

    def renamed(source: Path, target: Path) -> None:
        done.append(f"rename {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    with Spool([a_record(1)]) as spool:
        tables.write_folder(tmp_path, spool, parameters(), "csv")
    names = ["trials.csv", "measurements.csv", "csv-metadata.json"]
    assert done == [f"flush {name}.partial" for name in names] + [f"rename {name}" for name in names] + [
        f"flush {tmp_path.name}"
    ]


def test_two_that_write_the_same_at_once_do_not_meet_and_the_later_one_stays(tmp_path: Path) -> None:
    place = tmp_path / "trials.csv"
    with whole_files.together() as later:
        later(place).write_text("later")
        with whole_files.together() as sooner:
            sooner(place).write_text("sooner")
        assert place.read_text() == "sooner"
    assert place.read_text() == "later"
    assert [path.name for path in tmp_path.iterdir()] == ["trials.csv"]


def test_others_may_read_what_any_file_of_this_process_lets_them_read(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    with whole_files.together() as beside:
        beside(tmp_path / "trials.csv").touch()
    assert (tmp_path / "trials.csv").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_mount_that_flushes_no_folders_takes_files_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushing_no_folders(monkeypatch)
    with Spool([a_record(1)]) as spool:
        tables.write_folder(tmp_path, spool, parameters(), "csv")
    assert {path.name for path in tmp_path.iterdir()} == {"trials.csv", "measurements.csv", csv_files.METADATA}


def test_a_file_of_trials_beside_the_types_of_an_earlier_export_renews_them(tmp_path: Path) -> None:
    with Spool([a_record(1)]) as spool:
        tables.write_folder(tmp_path, spool, parameters(), "csv")
        fewer = {name: each for name, each in parameters().items() if name != "size"}
        tables.write_trials(tmp_path / "trials.csv", spool, fewer, "csv")
        columns = trial_columns(fewer, spool.metrics)
    metadata = (tmp_path / csv_files.METADATA).read_text()
    assert columns_in(metadata, "trials.csv") == columns
    assert columns_in(metadata, "measurements.csv") == MEASUREMENT_COLUMNS


@pytest.mark.parametrize("theirs", ["{", '["tables"]', '{"tables": [{"url": "other.csv"}]}'])
def test_types_of_somebody_elses_files_are_left_as_they_are(tmp_path: Path, theirs: str) -> None:
    (tmp_path / csv_files.METADATA).write_text(theirs)
    with Spool([a_record(1)]) as spool:
        tables.write_trials(tmp_path / "trials.csv", spool, parameters(), "csv")
    assert (tmp_path / csv_files.METADATA).read_text() == theirs
