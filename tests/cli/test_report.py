"""`podium report` against a controller on a real socket: what it asks, prints and writes."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from fastapi import Request, Response
from typer.testing import CliRunner, Result

from podium.cli.app import app
from podium.client import PodiumClient
from podium.exchange import TRIES
from podium.refusal import Unavailable
from podium.study import StudyReport
from podium.study_markdown import markdown_of
from tests.cli.served import serving
from tests.cli.stand_in import World, an_experiment, answer, create_app, problem
from tests.study.arms import a_report

REPORT = a_report()
ASKED: list[list[tuple[str, str]]] = []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    world = World(page_size=10)
    world.add(an_experiment())
    world.add(an_experiment(id="cars-x7k2", name="cars"))
    served = create_app(world)

    @served.get("/api/v1/reports")
    def reports(request: Request) -> Response:
        asked = parse_qsl(request.url.query)
        ASKED.append(asked)
        if ("price_per_hour", "8.0") in asked and len(ASKED) <= TRIES + 1:
            return problem(503, "Busy", "2 reports are being made and 8 wait; try again in a few seconds")
        if ("price_per_hour", "9.0") in asked:
            return problem(503, "DatabaseAway", "the database is away")
        if ("price_per_hour", "7.0") in asked:
            return problem(422, "InvalidRequest", "the arms of a report need one objective")
        wanted = dict(asked)["format"]
        return answer(REPORT) if wanted == "json" else Response(f"as {wanted}", media_type="text/plain")

    with serving(served) as address:
        yield address


@pytest.fixture(autouse=True)
def _nothing_asked() -> None:
    ASKED.clear()


def podium(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments, "--url", url], prog_name="podium", catch_exceptions=False)


def test_without_a_file_a_short_one_is_printed(url: str) -> None:
    result = podium(url, "digits")
    assert (result.exit_code, result.stdout) == (0, markdown_of(REPORT, is_brief=True))
    assert ASKED == [[("experiment", "digits-k3f9"), ("format", "json")]]


@pytest.mark.parametrize(
    ("suffix", "asked"), [("html", "html"), ("HTM", "html"), ("md", "markdown"), ("markdown", "markdown")]
)
def test_the_suffix_says_what_is_written(url: str, tmp_path: Path, suffix: str, asked: str) -> None:
    file = tmp_path / f"a report.{suffix}"
    result = podium(url, "digits", "cars", "-o", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.split() == f"wrote {file}".split()
    assert file.read_text() == f"as {asked}"
    assert [name.name for name in tmp_path.iterdir()] == [file.name]
    [query] = ASKED
    assert query == [("experiment", "digits-k3f9"), ("experiment", "cars-x7k2"), ("format", asked)]


def test_json_is_the_contract(url: str, tmp_path: Path) -> None:
    assert podium(url, "digits", "-o", str(tmp_path / "report.json")).exit_code == 0
    assert StudyReport.model_validate_json((tmp_path / "report.json").read_bytes()) == REPORT


def test_reference_and_price_are_passed_on(url: str) -> None:
    result = podium(url, "digits", "cars", "--reference", "cars", "--price-per-hour", "0.9")
    assert result.exit_code == 0
    assert ASKED[0][2:] == [("format", "json"), ("reference", "cars-x7k2"), ("price_per_hour", "0.9")]


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.html.gz"])
def test_another_suffix_is_wrong_input_and_nothing_is_asked(url: str, tmp_path: Path, name: str) -> None:
    result = podium(url, "digits", "-o", str(tmp_path / name))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the suffix says what to write, and must be .html, .htm, .json, .md, .markdown" in result.stderr
    assert ASKED == []


def test_a_controller_with_others_to_make_is_waited_for_longer_than_one_that_is_away(url: str) -> None:
    with PodiumClient(url, sleep=lambda _: None) as client:
        assert client.report(["digits-k3f9"], price_per_hour=8.0) == REPORT
        assert len(ASKED) == TRIES + 2
        ASKED.clear()
        with pytest.raises(Unavailable, match="the database is away"):
            client.report(["digits-k3f9"], price_per_hour=9.0)
        assert len(ASKED) == TRIES


def test_too_many_experiments_are_wrong_input(url: str) -> None:
    result = podium(url, *(f"x{number}" for number in range(21)))
    assert (result.exit_code, result.stderr) == (2, "podium: a report has 20 experiments at most, found 21\n")


def test_an_experiment_that_is_not_there_is_said(url: str) -> None:
    result = podium(url, "digits", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nowhere" in result.stderr


def test_what_the_controller_refuses_leaves_the_file_as_it_was(url: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("before")
    result = podium(url, "digits", "-o", str(file), "--price-per-hour", "7")
    assert (result.exit_code, result.stderr) == (2, "podium: the arms of a report need one objective\n")
    assert file.read_text() == "before"


def test_a_file_that_cannot_be_written_is_one_line(url: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    result = podium(url, "digits", "-o", str(tmp_path / "taken" / "report.html"))
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_the_client_returns_the_contract_and_the_file(url: str) -> None:
    with PodiumClient(url) as client:
        assert client.report(["a b&c=1"], price_per_hour=0.1) == REPORT
        assert client.report_file(["x"], "markdown") == b"as markdown"
    assert ASKED[0] == [("experiment", "a b&c=1"), ("format", "json"), ("price_per_hour", "0.1")]
