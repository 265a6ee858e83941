"""--output and --quiet: every command has what it should, and what is printed is what the controller told."""

import json
from pathlib import Path
from typing import Any  # a type of whatever kind

import pytest
from pydantic import TypeAdapter
from typer.core import TyperCommand

from podium.cli.app import app
from podium.cli.exit_codes import EXIT_CODES
from podium.cli.leaves import commands
from podium.cli.output import Form
from podium.documents import read_document
from podium.wire import Experiment, Trial, TrialDetail
from tests.cli.conftest import Podium
from tests.cli.stand_in import SPEC, World, a_run, a_trial, an_attempt, an_experiment, ended

WRITE_FILES = {"podium report", "podium export", "podium import"}
TELL_NOTHING = {"podium login", "podium logout", "podium delete", "podium tokens revoke", "podium webhooks delete"}
LEAVES = {name: command for name, command in commands(app) if isinstance(command, TyperCommand)}


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_is_told_how_to_print(name: str) -> None:
    options = {option: each for each in LEAVES[name].params for option in each.opts}
    assert {"--quiet", "-q"} <= options.keys()
    if name in TELL_NOTHING:
        assert "--output" not in options
        return
    assert {"--output", "-o"} <= options.keys()
    assert (options["--output"].default == Form.TABLE) is (name not in WRITE_FILES)


@pytest.fixture
def full(world: World) -> World:
    world.add(an_experiment())
    world.add(an_experiment(id="other-0001", name="other"))
    world.add(an_experiment(id="third-0002", name="third"))
    world.trials = [a_trial(), a_trial(5, value=None, reached_epoch=1), a_trial(6)]
    world.runs = [a_run(), a_run(2, trial=5, attempts=[an_attempt(log_tail="out of memory\n")])]
    return world


READ: dict[tuple[str, ...], tuple[Any, list[str]]] = {
    ("ls",): (list[Experiment], ["digits-k3f9", "other-0001", "third-0002"]),
    ("show", "digits"): (Experiment, ["digits-k3f9"]),
    ("best", "digits"): (Trial, ["4"]),
    ("trials", "digits"): (list[Trial], ["4", "5", "6"]),
    ("trial", "digits", "5"): (TrialDetail, ["5"]),
}


@pytest.mark.parametrize("arguments", READ)
def test_json_and_yaml_are_one_document_of_the_wire(full: World, podium: Podium, arguments: tuple[str, ...]) -> None:
    model, names = READ[arguments]
    printed = podium(*arguments, "--output", "json")
    assert (printed.exit_code, printed.stderr) == (0, "")
    document = json.loads(printed.stdout)
    TypeAdapter(model).validate_python(document)
    assert read_document(podium(*arguments, "-o", "yaml").stdout) == document
    assert podium(*arguments, "-q", "-o", "json").stdout == printed.stdout
    assert podium(*arguments, "--quiet").stdout.split() == names


def test_what_the_controller_left_out_is_not_made_up(full: World, podium: Podium) -> None:
    spec = json.loads(podium("show", "digits-k3f9", "-o", "json").stdout)["spec"]
    assert set(spec) == set(SPEC)


def test_nothing_found_is_an_empty_list(world: World, podium: Podium) -> None:
    assert podium("ls", "-o", "json").stdout == "[]\n"
    assert podium("ls", "-o", "yaml").stdout == "[]\n"
    assert podium("ls", "-q").stdout == ""


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
def test_a_change_answers_with_the_experiment_or_in_silence(full: World, podium: Podium, verb: str) -> None:
    assert json.loads(podium(verb, "digits", "-o", "json").stdout)["message"] == f"asked to {verb}"
    assert podium(verb, "digits", "-q").output == ""


def test_a_run_makes_no_remarks_when_quiet(world: World, podium: Podium, tmp_path: Path) -> None:
    file = tmp_path / "digits.yaml"
    file.write_text(json.dumps(SPEC))
    world.next_script = [ended(an_experiment())]
    world.trials = [a_trial()]
    assert podium("run", str(file), "-q").output == "digits-0000\n"
    assert podium("run", str(file), "-d", "-q").output == "digits-0001\n"
    assert json.loads(podium("watch", "digits-0001", "-o", "json").stdout)["state"] == "completed"


def test_a_search_that_found_nothing_is_told_and_fails(world: World, podium: Podium) -> None:
    world.add(an_experiment(), ended(an_experiment()))
    result = podium("watch", "digits", "-q", "-o", "json")
    assert (result.exit_code, json.loads(result.stdout)["id"]) == (1, "digits-k3f9")
    assert result.stderr == "podium: digits-k3f9 found nothing: no trial of it was trained in full\n"


def test_errors_are_told_when_quiet_and_are_no_document(world: World, podium: Podium) -> None:
    result = podium("show", "nothing", "-q", "-o", "json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "podium: there is no experiment nothing\n"
    assert podium("ls", "-o", "xml").exit_code == 2


def test_the_exit_codes_are_in_the_help(podium: Podium) -> None:
    told = " ".join(podium("--help").stdout.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in told
