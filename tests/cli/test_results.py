"""`podium results` against a controller on a real socket: what it asks, prints and saves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Response
from typer.testing import CliRunner, Result

from podium.cli.app import app
from podium.results import PREDICTIONS, AttributeErrors, Combination, Summary
from tests.cli.served import serving
from tests.cli.stand_in import World, a_trial, an_experiment, answer, create_app, problem
from tests.results import a_summary

FILES = {PREDICTIONS: b"PAR1...PAR1", "mistakes/00.png": b"\x89PNG..."}
SUMMARY = a_summary()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Trial 4, the best, has results; trial 5 has other ones, and no other has any."""
    world = World(trials=[a_trial()])
    world.add(an_experiment())
    served = create_app(world)
    at = "/api/v1/experiments/digits-k3f9/trials/{number}/results"

    @served.get(at)
    def summary(number: int) -> Response:
        found = {4: SUMMARY, 5: CHANGED}.get(number)
        return problem(404, "NoResults", f"trial {number} is paused") if found is None else answer(found)

    @served.get(at + "/{name:path}")
    def file(number: int, name: str) -> Response:
        return Response(FILES[name])

    with serving(served) as address:
        yield address


CHANGED: Summary = a_summary(
    top5=0.9912,
    attribute_errors=AttributeErrors(
        wrong={"make": 1, "model": 2, "year": 2},
        combinations=[
            Combination(mistaken=["make", "model", "year"], count=1),
            Combination(mistaken=["model"], count=1),
            Combination(mistaken=[], count=1),
        ],
        left_out=2,
        unknown_labels=["a tractor"],
    ),
)


def podium(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--url", url], prog_name="podium", catch_exceptions=False)


def rows(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


def test_the_best_trials_results_are_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    result = podium(url, "results", "digits-k3f9")
    assert result.exit_code == 0
    assert result.stdout.startswith("trial 4  after epoch 8, on 20 validation images\n")
    for row in (
        "top-1 accuracy 85.00%",
        "top-5 accuracy -",
        "loss 0.4321",
        "macro F1 0.8406",
        "calibration error 0.0625",
        "Audi S4 2007 80.00% 8 10",
        "Audi S4 2007 Audi S4 2012 2 year only",
        "year 3 100.00%",
        "year only 3 100.00%",
    ):
        assert row.split() in rows(result)
    assert "BMW" not in result.stdout, "a label without images is not the worst"


def test_another_trial_is_named_by_its_number(url: str) -> None:
    result = podium(url, "results", "digits-k3f9", "5")
    assert ["top-5", "accuracy", "99.12%"] in rows(result)
    assert ["make,", "model", "and", "year", "1", "33.33%"] in rows(result)
    assert ["nothing:", "same", "attributes", "1", "33.33%"] in rows(result)
    assert "2 more errors with 1 label without attributes" in result.stdout


def test_all_files_are_saved(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "results"
    result = podium(url, "results", "digits-k3f9", "--download", str(folder))
    assert result.exit_code == 0
    assert "saved 3 files in" in result.stderr
    saved = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert saved == {"summary.json", *FILES}
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert Summary.model_validate_json((folder / "summary.json").read_bytes()) == SUMMARY


def test_where_there_are_none_the_controllers_reason_is_one_line(url: str) -> None:
    result = podium(url, "results", "digits-k3f9", "6")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "podium: trial 6 is paused\n")
