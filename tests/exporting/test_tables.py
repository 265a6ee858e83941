"""CSV and Parquet: the same tables, and what is read back is what was written, to the last bit and apostrophe."""

import csv
import io
import math
import sys
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from typer.testing import CliRunner, Result

from podium.cli.app import app
from podium.exporting import csv_files, parquet_files, tables
from podium.exporting.columns import (
    Cell,
    Column,
    Kind,
    measurement_rows,
    trial_columns,
    trial_row,
)
from podium.exporting.csv_files import columns_in, metadata_of, read_table, write_table, written
from podium.exporting.spool import Spool
from podium.faults import parse_spec
from podium.parameters import Parameter
from podium.taxonomy import TrialState
from tests.builders import spec_document
from tests.cli.served import serving
from tests.exporting.records import BORN, a_record, a_run
from tests.service import API, Service

CELLS: dict[Kind, st.SearchStrategy[Cell]] = {
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.DOUBLE: st.floats(allow_nan=False),
    Kind.STRING: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    | st.sampled_from(
        ["", "'", "=1+1", "+a", "-1", "@x", "\t", "a,b", 'a"b', "a\nb", "a\r\nb", "\ra", "''", "\uff1d1"]
    ),
    Kind.MOMENT: st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
}
COLUMNS = [Column(name=f"a,{kind.value}", kind=kind) for kind in CELLS]
ROWS = st.lists(st.tuples(*(st.none() | cells for cells in CELLS.values())), max_size=5)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS)
def test_csv_is_read_back_as_what_was_written(rows: list[tuple[Cell, ...]]) -> None:
    file = io.StringIO(newline="")
    assert write_table(file, COLUMNS, rows) == len(rows)
    file.seek(0)
    back = list(read_table(file, columns_in(metadata_of({"x.csv": COLUMNS}), "x.csv")))
    assert back == list(map(list, rows))
    assert [[type(cell) for cell in row] for row in back] == [[type(cell) for cell in row] for row in rows]
    signs = [math.copysign(1, row[2]) for row in [*rows, *back] if isinstance(row[2], float)]
    assert signs[: len(signs) // 2] == signs[len(signs) // 2 :], "-0.0 is not 0.0"


@settings(max_examples=30, deadline=None)
@given(rows=ROWS)
def test_parquet_has_the_same_cells(rows: list[tuple[Cell, ...]], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "same.parquet"
    assert parquet_files.write_table(str(path), COLUMNS, rows) == len(rows)
    table = parquet.read_table(path)
    assert table.column_names == [column.name for column in COLUMNS]
    assert [list(row.values()) for row in table.to_pylist()] == list(map(list, rows))


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "'quoted", ""]
)
def test_no_text_reaches_a_spreadsheet_as_a_formula_nor_as_a_missing_cell(text: str) -> None:
    assert written(text, Kind.STRING) == "'" + text
    assert written(-1.5, Kind.DOUBLE) == "-1.5", "numbers are none"


PARAMETERS: dict[str, Any] = {
    "value": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
    "layers": {"type": "integer", "low": 1, "high": 9},
    "nesterov": {"type": "categorical", "choices": [True, False]},
    "optimizer": {"type": "categorical", "choices": ["sgd", "=adamw"]},
    "size": {"type": "categorical", "choices": [1, 2.5, "1", True]},
    "power": {"type": "categorical", "choices": [1, 10]},
}


def parameters() -> dict[str, Parameter]:
    return dict(parse_spec(spec_document(parameters=PARAMETERS)).parameters)


def test_each_parameter_has_a_column_of_its_own_type_and_mixed_choices_stay_apart() -> None:
    columns = trial_columns(parameters(), ["val_loss"])
    kinds = {column.name: column.kind for column in columns}
    assert [kinds[f"params.{name}"] for name in PARAMETERS] == [
        Kind.DOUBLE, Kind.INTEGER, Kind.BOOLEAN, Kind.STRING, Kind.JSON, Kind.INTEGER,
    ]  # fmt: skip
    configuration = {"value": 1, "layers": 2, "nesterov": False, "optimizer": "=adamw", "size": "1", "power": 10}
    first = dict(zip(kinds, trial_row(a_record(configuration=configuration), columns), strict=True))
    assert first["params.value"] == 1.0
    assert type(first["params.value"]) is float
    sizes = [
        dict(zip(kinds, trial_row(a_record(configuration={"size": size}), columns), strict=True))["params.size"]
        for size in (1, 2.5, "1", True)
    ]
    assert sizes == ["1", "2.5", '"1"', "true"]
    assert first | {name: None for name in first if name.startswith("params.")} == {
        **dict.fromkeys(kinds),
        "trial": 1, "state": "completed", "is_baseline": True, "value": 0.4, "meets_thresholds": True, "rung": "full",
        "reached_epoch": 4, "cost": 1.0, "seconds": 6.0, "runs": 2, "promotions": 1, "attempts": 2,
        "end_reason": "succeeded", "source": "model", "created_at": BORN, "started_at": BORN.replace(second=1),
        "ended_at": BORN.replace(hour=14), "metrics.val_loss": 0.25,
    }  # fmt: skip


def test_a_trial_without_a_result_has_empty_cells() -> None:
    columns = trial_columns(parameters(), ["val_loss"])
    started = a_record(value=None, metrics=None, reached_epoch=0, state=TrialState.RUNNING, runs=[])
    row = dict(zip((column.name for column in columns), trial_row(started, columns), strict=True))
    assert {name for name, cell in row.items() if cell is None} >= {"value", "rung", "end_reason", "ended_at"}
    assert (row["runs"], row["cost"]) == (0, 0)
    assert type(row["cost"]) is float


def podium(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", url], prog_name="podium", catch_exceptions=False)


@pytest.fixture
def trained(service: Service) -> tuple[str, int]:
    """An experiment with some runs ended, one of them at its second attempt; and how many runs have ended."""
    experiment_id = service.create(budget={"runs": 12}, fidelity={"rungs": {"small": 2, "full": 4}})
    service.settle()
    lost = service.active()[0]
    service.report(lost, 1, 0.25, val_loss=2.0)
    service.cluster.exit(lost, 75)
    service.clock.advance(600)
    for _ in range(6):
        service.settle()
        for job in service.active():
            service.finish(job, 0.1 + 0.8, val_loss=1 / 3)
    service.settle()
    return experiment_id, service.read(experiment_id)["progress"]["runs_ended"]


def test_an_experiment_is_written_as_both_tables_in_both_forms(
    service: Service, trained: tuple[str, int], tmp_path: Path
) -> None:
    experiment_id, _ = trained
    with serving(service.app) as url:
        for form in ("csv", "parquet"):
            result = podium(url, "export", experiment_id, "--to", form, "-o", str(tmp_path / form))
            assert result.exit_code == 0, result.stderr
        screen = podium(url, "export", experiment_id)
        single = podium(url, "export", experiment_id, str(tmp_path / "new" / "one.csv"))
        assert single.exit_code == 0
    metadata = (tmp_path / "csv" / "csv-metadata.json").read_text()
    for name in ("trials", "measurements"):
        path = tmp_path / "csv" / f"{name}.csv"
        columns = columns_in(metadata, path.name)
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(read_table(file, columns))
        table = parquet.read_table(tmp_path / "parquet" / f"{name}.parquet")
        assert table.column_names == [column.name for column in columns]
        assert [list(row.values()) for row in table.to_pylist()] == rows
    assert (
        screen.stdout_bytes
        == (tmp_path / "csv" / "trials.csv").read_bytes()
        == (tmp_path / "new" / "one.csv").read_bytes()
    )

    told = service.read(experiment_id)
    measured = table.to_pylist()
    trials = parquet.read_table(tmp_path / "parquet" / "trials.parquet").to_pylist()
    assert [row["trial"] for row in trials] == list(range(1, 1 + sum(told["progress"]["trials"].values())))
    assert sum(row["cost"] for row in trials) == pytest.approx(told["progress"]["cost_trained"])
    assert sum(row["runs"] for row in trials) == told["progress"]["runs_started"]
    for row in trials:
        detail = service.read(f"{experiment_id}/trials/{row['trial']}")
        assert {name: row[f"params.{name}"] for name in detail["configuration"]} == detail["configuration"]
        assert (row["value"], row["state"]) == (detail["value"], detail["state"])
        assert row["attempts"] == sum(len(run["attempts"]) for run in detail["runs"])
        of_trial = [each for each in measured if each["trial"] == row["trial"]]
        assert sorted((each["epoch"], each["value"]) for each in of_trial if each["metric"] == "val_loss") == sorted(
            (each["epoch"], each["metrics"]["val_loss"]) for each in detail["measurements"]
        )
    assert {each["attempt"] for each in measured} == {1, 2}


def test_pages_of_records_leave_out_and_double_nothing(service: Service, trained: tuple[str, int]) -> None:
    experiment_id, ended = trained
    numbers, runs, cursor = [], 0, ""
    while True:
        page = service.http.get(f"{API}/experiments/{experiment_id}/records?limit=1{cursor}").json()
        numbers += [each["trial"]["number"] for each in page["items"]]
        runs += sum(run["state"] == "ended" for each in page["items"] for run in each["runs"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert numbers == list(range(1, len(numbers) + 1))
    assert runs == ended
    assert service.http.get(f"{API}/experiments/nope/records").status_code == 404


def test_wrong_places_are_told_in_one_line(service: Service, tmp_path: Path) -> None:
    experiment_id = service.create()
    with serving(service.app) as url:
        for arguments, said in (
            (["--to", "parquet"], f"say where: podium export {experiment_id} --to parquet DIR"),
            (["--to", "mlflow"], f"say where: podium export {experiment_id} --to mlflow URI"),
            ([str(tmp_path / "a.parquet")], f"{tmp_path}/a.parquet is to be csv; name it .csv, or give --to parquet"),
            (["a", "-o", "b"], "say once where to write, found a and --output b"),
        ):
            result = podium(url, "export", experiment_id, *arguments)
            assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"podium: {said}\n")


def test_without_pyarrow_the_extra_is_named_and_no_file_is_left(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    experiment_id = service.create()
    with serving(service.app) as url:
        result = podium(url, "export", experiment_id, "--to", "parquet", "-o", str(tmp_path / "t.parquet"))
    assert result.exit_code == 1
    assert "pip install 'podium[parquet]', or --to csv" in result.stderr
    assert not (tmp_path / "t.parquet").exists()


def test_memory_does_not_grow_with_the_number_of_trials(tmp_path: Path) -> None:
    def peak(trials: int) -> int:
        records = (a_record(number, runs=[a_run(number, 0, 4)]) for number in range(1, trials + 1))
        tracemalloc.start()
        with Spool(records) as spool:
            tables.write_folder(tmp_path / str(trials), spool, parameters(), "csv")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(2000) < peak(200) + 500_000


def test_a_long_table_has_a_row_for_each_metric_of_each_epoch() -> None:
    rows = list(measurement_rows([a_record(7)]))
    assert [row[:6] for row in rows[:3]] == [
        [7, 13, 1, 1, "val_accuracy", 0.1],
        [7, 13, 1, 1, "val_loss", 1.0],
        [7, 13, 1, 2, "val_accuracy", 0.2],
    ]
    assert len(rows) == 8


def test_any_reader_of_csv_finds_the_columns(tmp_path: Path) -> None:
    with Spool([a_record(1), a_record(2)]) as spool:
        tables.write_folder(tmp_path, spool, parameters(), "csv")
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["metrics.val_accuracy"] for row in rows] == ["0.4", "0.4"]
    assert csv_files.METADATA in {path.name for path in tmp_path.iterdir()}
