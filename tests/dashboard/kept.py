"""Experiments that were really run, kept in `kept/`: their rows as JSON, and what their full trainings left.

    python -m tests.dashboard.kept STATE_DIR EXPERIMENT

keeps one out of the state folder of `podium run --local`, once that controller is down.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from controller.artifacts import results_folder, trial_folder
from controller.embedded import embedded_postgres
from podium.results import SUMMARY
from tests.service import Service

KEPT = Path(__file__).parent / "kept"
SEARCHED = KEPT / "digits-resnet18-3ww8"
"""19 trials on three rungs, with a baseline."""
FULL_ONLY = KEPT / "digits-full-only-fnzf"
"""The same search with every trial trained in full."""
ROWS = "rows.json"
THUMBNAILS = "mistakes"
Row = dict[str, Any]  # Any: whatever a column holds, as PostgreSQL writes it as JSON
OF_EXPERIMENT = {
    "experiments": "id = :id",
    "trials": "experiment_id = :id",
    "runs": "experiment_id = :id",
    "attempts": "run_id IN (SELECT id FROM runs WHERE experiment_id = :id)",
    "measurements": "trial_id IN (SELECT id FROM trials WHERE experiment_id = :id)",
}
"""Tables, parents first, with which of their rows are an experiment's."""
NUMBERED = {"trials": "id", "runs": "id", "attempts": "id"}
POINTERS = {"trial_id": "trials", "run_id": "runs", "attempt_id": "attempts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSite:
    """The application on a socket, with both of the kept experiments."""

    service: Service
    url: str


def keep(connection: Connection, artifacts: Path, experiment_id: str, folder: Path) -> None:
    """Write an experiment's rows, the summaries of its full trainings and their thumbnails to a new folder."""
    folder.mkdir(parents=True)
    rows = {
        name: connection.execute(
            text(f"SELECT row_to_json(found) FROM {name} found WHERE {condition} ORDER BY created_at"),
            {"id": experiment_id},
        )
        .scalars()
        .all()
        for name, condition in OF_EXPERIMENT.items()
    }
    lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, found)) + "\n]" for name, found in rows.items()]
    (folder / ROWS).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for summary in sorted((artifacts / experiment_id).glob(f"t*/results/{SUMMARY}")):
        target = folder / summary.parent.parent.name
        target.mkdir()
        shutil.copyfile(summary, target / SUMMARY)
        shutil.copytree(summary.parent / THUMBNAILS, target / THUMBNAILS)


def put_back(connection: Connection, artifacts_url: str, folder: Path) -> str:
    """Store a kept experiment under ids that are free; return its own, which stays."""
    rows: dict[str, list[Row]] = json.loads((folder / ROWS).read_text(encoding="utf-8"))
    moved = {name: _highest(connection, name) for name in NUMBERED}
    for name, found in rows.items():
        _insert(connection, name, [_moved(name, row, moved) for row in found])
    experiment_id = str(rows["experiments"][0]["id"])
    for trial in folder.glob("t*"):
        results = results_folder(trial_folder(artifacts_url, experiment_id, int(trial.name.removeprefix("t"))))
        shutil.copytree(trial, results.removeprefix("file://"))
    return experiment_id


def _highest(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {table}")).scalar_one())


def _moved(table: str, row: Row, moved: Mapping[str, int]) -> Row:
    own = {NUMBERED[table]: row["id"] + moved[table]} if table in NUMBERED else {}
    return row | own | {name: row[name] + moved[to] for name, to in POINTERS.items() if name in row}


def _insert(connection: Connection, table: str, rows: Iterable[Row]) -> None:
    """Insert rows of the columns that they have: those that a later migration added take their defaults."""
    found = list(rows)
    columns = ", ".join(found[0])
    connection.execute(
        text(
            f"INSERT INTO {table} ({columns}) "
            f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, CAST(:rows AS json))"
        ),
        {"rows": json.dumps(found)},
    )


def main(state_dir: Path, experiment_id: str) -> None:
    with embedded_postgres(state_dir) as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            keep(connection, state_dir / "artifacts", experiment_id, KEPT / experiment_id)
        engine.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
