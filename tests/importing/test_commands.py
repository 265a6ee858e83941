"""`podium import` and `podium fork`, as they are typed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from podium.cli.app import app
from podium.documents import read_document
from podium.forking import NoSuchPath, forked
from tests.cli.served import serving
from tests.service import Service

HERE = Path(__file__).parent
Podium = Callable[..., Result]


def podium(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_the_spec_goes_to_stdout_and_what_is_lost_to_stderr() -> None:
    found = podium("import", str(HERE / "orchestrate.yml"))
    assert found.exit_code == 0
    written = read_document(found.stdout)
    assert isinstance(written, dict)
    assert written["budget"] == {"cost": 220.0}
    assert "orchestrate.yml: lost: line 14: repository" in found.stderr


def test_strict_fails_where_something_is_lost_and_a_file_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "spec.yaml"
    assert podium("import", str(HERE / "orchestrate.yml"), "--strict", "-o", str(out)).exit_code == 1
    assert "cost: 220" in out.read_text()
    again = podium("import", str(HERE / "orchestrate.yml"), "-o", str(out))
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert podium("import", str(HERE / "orchestrate.yml"), "-o", str(out), "--force").exit_code == 0


def test_what_cannot_be_imported_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: 1\n")
    found = podium("import", str(tmp_path / "x.yaml"))
    assert found.exit_code == 2
    assert found.stderr.count("\n") == 1
    assert podium("import", str(tmp_path / "missing.yaml")).exit_code == 2


def test_an_imported_spec_that_needs_a_hand_says_which(tmp_path: Path) -> None:
    text = (HERE / "sigopt.json").read_text().replace('{"booster": ["dart"]}', '{"booster": ["darts"]}')
    (tmp_path / "x.json").write_text(text)
    found = podium("import", str(tmp_path / "x.json"))
    assert found.exit_code == 1
    assert "to mend before it runs: parameters.drop.when" in found.stderr


def test_forking_sets_and_removes_by_path() -> None:
    old = {"budget": {"runs": 5}, "guesses": [{"lr": 0.1}], "stop_when": {"expected_gain": 1.0}}
    new = forked(old, {"budget.cost": 3, "guesses[0].lr": 0.2}, ["stop_when"])
    assert new == {"budget": {"runs": 5, "cost": 3}, "guesses": [{"lr": 0.2}]}
    assert old["guesses"] == [{"lr": 0.1}], "the old spec is as it was"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("buget.runs", "there is budget"),
        ("guesses[1]", "the list has 1, counted from 0"),
        ("guesses.0", "write them like guesses"),
        ("guesses[0].lr.x", "it is empty, and has no 'lr'"),
        ("budget.runs.x", "cannot be looked up"),
        ("a..b", "no path"),
    ],
)
def test_a_path_that_leads_nowhere_says_how_far_it_leads(path: str, says: str) -> None:
    with pytest.raises(NoSuchPath, match=says):
        forked({"budget": {"runs": 5}, "guesses": [{}]}, {path: 1})


@pytest.fixture
def real(service: Service) -> Iterator[Podium]:
    with serving(service.app) as url:
        yield lambda *arguments: podium(*arguments, "--url", url)


def test_a_fork_is_an_experiment_of_its_own_that_starts_from_what_was_found(real: Podium, service: Service) -> None:
    old = service.create(parallelism=1, budget={"runs": 2})
    service.settle()
    [job] = service.active()
    service.finish(job, 0.9)
    found = real("fork", old, "--set", "budget.runs=7", "--set", "parameters.batch_size.high=128", "--warm-start")
    assert found.exit_code == 0, found.stderr
    new = service.read(found.stdout.strip())
    assert new["spec"]["budget"]["runs"] == 7
    assert new["spec"]["parameters"]["batch_size"]["high"] == 128
    assert new["spec"]["warm_start"] == [old]
    assert service.read(old)["spec"]["budget"]["runs"] == 2


def test_a_dry_fork_prints_and_creates_nothing_and_faults_are_told(real: Podium, service: Service) -> None:
    old = service.create()
    dry = real("fork", old, "--name", "other", "--dry-run")
    assert json.dumps(read_document(dry.stdout)).startswith('{"name": "other"')
    wrong = real("fork", old, "--set", "parallelism=0")
    assert wrong.exit_code == 2
    assert "parallelism: found 0" in wrong.stderr
    assert real("fork", old, "--set", "parallelism").exit_code == 2
    assert len(service.http.get("/api/v1/experiments").json()["items"]) == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("nothing.yaml", None, "cannot read {}: No such file"),
        (".", None, "cannot read {}: Is a directory"),
        ("study.db", b"SQLite format 3\x00rest", "podium import optuna:sqlite:///{}"),
        ("binary.yaml", b"\xff\xfe", "{}: it is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_wrong_input(tmp_path: Path, name: str, content: bytes | None, told: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = podium("import", str(path))
    assert (result.exit_code, told.format(path) in result.stderr) == (2, True)


def test_a_name_that_podium_does_not_take_is_said_to_change(tmp_path: Path) -> None:
    path = tmp_path / "experiment.json"
    parameters = [{"name": "x", "type": "double", "bounds": {"min": 0, "max": 1}}]
    content = {"name": "Größe — été", "parameters": parameters, "metrics": [{"name": "f"}], "observation_budget": 9}
    path.write_text(json.dumps(content), encoding="utf-8")
    result = podium("import", str(path))
    assert result.exit_code == 0
    assert "name: grosse-ete" in result.stdout
    assert "'Größe — été' becomes grosse-ete" in result.stderr


def test_of_several_experiments_in_a_file_run_wants_one_each(tmp_path: Path) -> None:
    katib = (Path(__file__).parent / "katib.yaml").read_text(encoding="utf-8")
    both, spec = tmp_path / "both.yaml", tmp_path / "spec.yaml"
    both.write_text(f"{katib}\n---\n{katib}", encoding="utf-8")
    found = podium("import", str(both), "-o", str(spec))
    assert "2 experiments, with --- between them" in found.stderr
    refused = podium("run", str(spec))
    assert refused.exit_code == 2
    assert "it holds several documents, of which another begins at line" in refused.stderr
